#include "dataplane/messages/rpc_driver.hpp"

#include "dataplane/domain/errors.hpp"
#include "dataplane/protocol/convert.hpp"

namespace chat::messages {
namespace {

using domain::Errc;
using protocol::from_pb;
using protocol::id_of;
using protocol::to_pb;

constexpr std::size_t kMostReads = 10'000;  // at once; more are `unavailable`
constexpr int kMostIds = 10'000;            // in one call
constexpr int kMostChanges = 500;
constexpr std::size_t kPageBytes = 1024 * 1024;  // then a page ends early: the caller goes on after its last rev

pb::Reply failure(const base::Error& error) {
  pb::Reply reply;
  to_pb(error, *reply.mutable_error());
  return reply;
}
pb::Reply bad_request(const char* why) { return failure({make_error_code(Errc::bad_request), why}); }

void answer(const io::rpc::Peer& peer, std::uint64_t call, const pb::Reply& reply) {
  peer.answer(call, reply.SerializeAsString());
}

pb::Reply done() {
  pb::Reply reply;
  reply.mutable_done();
  return reply;
}

template <class Ids>
std::optional<std::vector<base::Ulid>> ids_of(const Ids& in) {
  if (in.size() > kMostIds) return std::nullopt;
  std::vector<base::Ulid> ids;
  ids.reserve(static_cast<std::size_t>(in.size()));
  for (const auto& bytes : in) {
    auto id = id_of(bytes);
    if (!id) return std::nullopt;
    ids.push_back(*id);
  }
  return ids;
}

pb::Reply heads_reply(const base::Result<std::vector<domain::Head>>& heads) {
  if (!heads) return failure(heads.error());
  pb::Reply reply;
  auto* out = reply.mutable_heads();
  for (const auto& head : *heads) to_pb(head, *out->add_heads());
  return reply;
}

}  // namespace

RpcDriver::RpcDriver(boost::asio::any_io_executor executor, const base::Clock& clock, const base::Log& log,
                     base::Metrics& metrics, services::MessageService& service)
    : clock_(clock),
      log_(log),
      service_(service),
      calls_(metrics.counter("chat_messages_calls_total", "calls of gateways and chat-api")),
      bad_calls_(metrics.counter("chat_messages_bad_calls_total", "frames that could not be read")),
      tasks_(std::move(executor)) {}

void RpcDriver::handle(const io::rpc::Peer& peer, std::uint64_t call, std::string_view payload) {
  if (call == 0) return;  // a push: nobody sends us any
  calls_.Increment();
  pb::Request request;
  if (!request.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    bad_calls_.Increment();
    return answer(peer, call, bad_request("the frame is not a request"));
  }
  switch (request.call_case()) {
    case pb::Request::kSend:
      return send(peer, call, request.trace_id(), request.send());
    case pb::Request::kReceipt:
      return receipt(peer, call, request.receipt());
    case pb::Request::kAnnounce:
      return announce(peer, call, request.announce());
    case pb::Request::kTime: {
      pb::Reply reply;
      reply.set_time_ms(clock_.now_milliseconds());
      return answer(peer, call, reply);
    }
    case pb::Request::CALL_NOT_SET:
      bad_calls_.Increment();
      return answer(peer, call, bad_request("unknown call"));
    default:
      break;
  }
  if (tasks_.size() >= kMostReads) {
    return answer(peer, call,
                  failure({make_error_code(Errc::unavailable), "too many calls at once", std::chrono::seconds(1)}));
  }
  tasks_.spawn("read call", read(peer, call, std::move(request)));
}

void RpcDriver::send(const io::rpc::Peer& peer, std::uint64_t call, const std::string& trace_id,
                     const pb::SendRequest& request) {
  auto draft = from_pb(request);
  if (!draft) return answer(peer, call, failure(draft.error()));
  service_.send(std::move(*draft), request.vip(), trace_id, [peer, call](base::Result<domain::Ack> ack) {
    if (!ack) return answer(peer, call, failure(ack.error()));
    pb::Reply reply;
    auto* out = reply.mutable_send();
    out->set_message_id(protocol::id_bytes(ack->message_id));
    out->set_seq(ack->seq);
    out->set_rev(ack->rev);
    out->set_server_timestamp(ack->server_timestamp);
    out->set_duplicate(ack->duplicate);
    answer(peer, call, reply);
  });
}

void RpcDriver::receipt(const io::rpc::Peer& peer, std::uint64_t call, const pb::ReceiptRequest& request) {
  auto conversation = id_of(request.conversation_id());
  auto user = id_of(request.user_id());
  auto kind = domain::parse_receipt_kind(request.kind());
  if (!conversation || !user || !kind) return answer(peer, call, bad_request("receipt: a bad id or status"));
  domain::Receipt receipt;
  receipt.conversation_id = *conversation;
  receipt.user_id = *user;
  receipt.device_id = request.device_id();
  receipt.seq = request.seq();
  if (request.rev() > 0) receipt.rev = request.rev();
  receipt.kind = *kind;
  service_.receipt(std::move(receipt), [peer, call](const base::Status& status) {
    answer(peer, call, status ? done() : failure(status.error()));
  });
}

void RpcDriver::announce(const io::rpc::Peer& peer, std::uint64_t call, const pb::AnnounceRequest& request) {
  auto head = from_pb(request.head());
  auto subjects = ids_of(request.subjects());
  auto audience = ids_of(request.audience());
  if (!head || !subjects || !audience) return answer(peer, call, bad_request("announce: a bad id"));
  ports::MessagePath::Announcement announcement;
  announcement.conversation_id = head->conversation_id;
  announcement.head = *head;
  announcement.change = request.change();
  announcement.subjects = std::move(*subjects);
  announcement.audience = std::move(*audience);
  announcement.frame = request.frame();
  service_.announce(announcement);
  answer(peer, call, done());
}

base::Task<> RpcDriver::read(io::rpc::Peer peer, std::uint64_t call, pb::Request request) {
  pb::Reply reply;
  switch (request.call_case()) {
    case pb::Request::kChanges:
      reply = co_await changes(request.changes());
      break;
    case pb::Request::kSignOn:
      reply = co_await sign_on(request.sign_on());
      break;
    case pb::Request::kHeads:
      reply = co_await heads(request.heads());
      break;
    case pb::Request::kSyncPoints:
      reply = co_await sync_points(request.sync_points());
      break;
    case pb::Request::kMembership:
      reply = co_await membership(request.membership());
      break;
    default:
      reply = bad_request("unknown call");
  }
  if (reply.has_error() && reply.error().code() == domain::name(Errc::unavailable)) {
    log_.warn("read_failed", {{"trace_id", request.trace_id()}, {"call", static_cast<int>(request.call_case())}});
  }
  answer(peer, call, reply);
}

base::Task<pb::Reply> RpcDriver::changes(const pb::ChangesRequest& request) {
  auto conversation = id_of(request.conversation_id());
  auto viewer = id_of(request.viewer());
  if (!conversation || !viewer || request.after_rev() < 0 || request.limit() < 1 || request.limit() > kMostChanges) {
    co_return bad_request("changes: a bad id, rev or limit");
  }
  auto changes = co_await service_.changes(*conversation, *viewer, request.after_rev(), request.limit());
  if (!changes) co_return failure(changes.error());
  pb::Reply reply;
  auto* out = reply.mutable_changes();
  std::size_t bytes = 0;
  for (const auto& message : changes->items) {
    if (bytes > kPageBytes) break;
    bytes += message.content.size();
    to_pb(message, *out->add_items());
  }
  to_pb(changes->head, *out->mutable_head());
  co_return reply;
}

base::Task<pb::Reply> RpcDriver::sign_on(const pb::SignOnRequest& request) {
  auto user = id_of(request.user_id());
  if (!user) co_return bad_request("sign_on: a bad id");
  auto heads = co_await service_.sign_on(*user);
  co_return heads_reply(heads);
}

base::Task<pb::Reply> RpcDriver::heads(const pb::HeadsRequest& request) {
  auto conversations = ids_of(request.conversations());
  if (!conversations) co_return bad_request("heads: a bad id, or too many");
  auto heads = co_await service_.heads(std::move(*conversations));
  co_return heads_reply(heads);
}

base::Task<pb::Reply> RpcDriver::sync_points(const pb::SyncPointsRequest& request) {
  auto user = id_of(request.user_id());
  if (!user || request.named_size() > kMostIds) co_return bad_request("sync_points: a bad id, or too many");
  std::map<base::Ulid, std::int64_t> named;
  for (const auto& point : request.named()) {
    auto conversation = id_of(point.conversation_id());
    if (!conversation) co_return bad_request("sync_points: a bad id");
    named.emplace(*conversation, point.after_rev());
  }
  auto points = co_await service_.sync_points(*user, request.device_id(), std::move(named), request.others());
  if (!points) co_return failure(points.error());
  pb::Reply reply;
  auto* out = reply.mutable_sync_points();
  for (const auto& point : *points) {
    auto* item = out->add_points();
    item->set_conversation_id(protocol::id_bytes(point.conversation_id));
    item->set_after_rev(point.after_rev);
    to_pb(point.head, *item->mutable_head());
  }
  co_return reply;
}

base::Task<pb::Reply> RpcDriver::membership(const pb::MembershipRequest& request) {
  auto conversation = id_of(request.conversation_id());
  auto users = ids_of(request.users());
  if (!conversation || !users) co_return bad_request("membership: a bad id, or too many");
  auto answer = co_await service_.membership(*conversation, std::move(*users));
  if (!answer) co_return failure(answer.error());
  pb::Reply reply;
  auto* out = reply.mutable_membership();
  to_pb(answer->head, *out->mutable_head());
  for (const auto& user : answer->members) out->add_members(protocol::id_bytes(user));
  co_return reply;
}

}  // namespace chat::messages
