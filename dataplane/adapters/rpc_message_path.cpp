#include "dataplane/adapters/rpc_message_path.hpp"

#include "dataplane/adapters/rpc_instances.hpp"
#include "dataplane/base/callback.hpp"
#include "dataplane/domain/errors.hpp"
#include "dataplane/protocol/convert.hpp"

namespace chat::adapters {
namespace {

using base::Result;
using base::Task;
using base::Ulid;
using protocol::id_bytes;
using protocol::to_pb;
using std::chrono::milliseconds;

// Reads and receipts; a send brings its own.
constexpr milliseconds kTimeout{5000};
constexpr milliseconds kAnnounceTimeout{1000};  // best effort, and someone waits for the change's answer

base::Error unexpected() {
  return {make_error_code(domain::Errc::unavailable), "chat-messages gave an answer that is not one",
          milliseconds(1000)};
}

Result<domain::Ack> ack_of(const pb::Reply& reply, Ulid conversation, std::string client_msg_id) {
  if (!reply.has_send()) return base::fail(unexpected());
  auto message = protocol::id_of(reply.send().message_id());
  if (!message) return base::fail(unexpected());
  domain::Ack ack;
  ack.client_msg_id = std::move(client_msg_id);
  ack.conversation_id = conversation;
  ack.message_id = *message;
  ack.seq = reply.send().seq();
  ack.rev = reply.send().rev();
  ack.server_timestamp = reply.send().server_timestamp();
  ack.duplicate = reply.send().duplicate();
  return ack;
}

Result<std::vector<domain::Head>> heads_of(const Result<pb::Reply>& reply) {
  if (!reply) return base::fail(reply.error());
  if (!reply->has_heads()) return base::fail(unexpected());
  std::vector<domain::Head> heads;
  heads.reserve(static_cast<std::size_t>(reply->heads().heads_size()));
  for (const auto& item : reply->heads().heads()) {
    auto head = protocol::from_pb(item);
    if (!head) return base::fail(unexpected());
    heads.push_back(*head);
  }
  return heads;
}

base::Status done_of(const Result<pb::Reply>& reply) {
  if (!reply) return base::fail(reply.error());
  if (!reply->has_done()) return base::fail(unexpected());
  return {};
}

}  // namespace

struct RpcMessagePath::State {
  State(boost::asio::any_io_executor executor, const base::Log& log, OnPush on_push, const io::tls::Source* secure)
      : instances(std::make_shared<RpcInstances>(std::move(executor), log, push_handler(std::move(on_push)), secure)) {}

  static io::rpc::Client::OnPush push_handler(OnPush on_push) {
    if (!on_push) return {};
    return [on_push = std::move(on_push)](std::string_view payload) {
      pb::Push push;
      if (!push.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return;
      on_push({push.channels().begin(), push.channels().end()}, push.event());
    };
  }

  Task<Result<pb::Reply>> call(std::uint16_t bucket, pb::Request request, milliseconds timeout = kTimeout) {
    auto kept = instances;
    auto payload = request.SerializeAsString();
    co_return co_await base::await_callback<Result<pb::Reply>>(
        [&](RpcInstances::Done done) { kept->call(bucket, std::move(payload), timeout, std::move(done)); });
  }

  std::shared_ptr<RpcInstances> instances;
};

RpcMessagePath::RpcMessagePath(boost::asio::any_io_executor executor, const base::Log& log, OnPush on_push,
                               const io::tls::Source* secure)
    : state_(std::make_shared<State>(std::move(executor), log, std::move(on_push), secure)) {}
RpcMessagePath::~RpcMessagePath() { state_->instances->stop(); }

void RpcMessagePath::update(const domain::ClusterMap& map) { state_->instances->update(map.messages); }
void RpcMessagePath::stop() { state_->instances->stop(); }
bool RpcMessagePath::reachable() const { return state_->instances->reachable(); }

void RpcMessagePath::send(const domain::Draft& draft, const Caller& caller, milliseconds timeout, SendDone done) {
  pb::Request request;
  request.set_trace_id(caller.trace_id);
  to_pb(draft, *request.mutable_send());
  request.mutable_send()->set_vip(caller.vip);
  state_->instances->call(domain::bucket_of(draft.conversation_id), request.SerializeAsString(), timeout,
                          [conversation = draft.conversation_id, key = draft.client_msg_id,
                           done = std::move(done)](Result<pb::Reply> reply) {
                            if (!reply) return done(base::fail(std::move(reply.error())));
                            done(ack_of(*reply, conversation, key));
                          });
}

Task<Result<domain::Ack>> RpcMessagePath::send(domain::Draft draft, Caller caller, milliseconds timeout) {
  auto state = state_;
  pb::Request request;
  request.set_trace_id(caller.trace_id);
  to_pb(draft, *request.mutable_send());
  request.mutable_send()->set_vip(caller.vip);
  auto reply = co_await state->call(domain::bucket_of(draft.conversation_id), std::move(request), timeout);
  if (!reply) co_return base::fail(reply.error());
  co_return ack_of(*reply, draft.conversation_id, std::move(draft.client_msg_id));
}

Task<Result<std::int64_t>> RpcMessagePath::time() {
  auto state = state_;
  pb::Request request;
  request.mutable_time();
  auto reply = co_await state->call(0, std::move(request));
  if (!reply) co_return base::fail(reply.error());
  if (reply->answer_case() != pb::Reply::kTimeMs) co_return base::fail(unexpected());
  co_return std::int64_t{reply->time_ms()};
}

Task<Result<ports::Changes>> RpcMessagePath::changes(Ulid conversation, Ulid viewer, std::int64_t after_rev,
                                                     int limit) {
  auto state = state_;
  pb::Request request;
  auto* call = request.mutable_changes();
  call->set_conversation_id(id_bytes(conversation));
  call->set_viewer(id_bytes(viewer));
  call->set_after_rev(after_rev);
  call->set_limit(limit);
  auto reply = co_await state->call(domain::bucket_of(conversation), std::move(request));
  if (!reply) co_return base::fail(reply.error());
  if (!reply->has_changes()) co_return base::fail(unexpected());
  ports::Changes changes;
  auto head = protocol::from_pb(reply->changes().head());
  if (!head) co_return base::fail(unexpected());
  changes.head = *head;
  for (const auto& item : reply->changes().items()) {
    auto message = protocol::from_pb(item);
    if (!message) co_return base::fail(unexpected());
    changes.items.push_back(std::move(*message));
  }
  co_return changes;
}

Task<Result<std::vector<domain::Head>>> RpcMessagePath::sign_on(Ulid user) {
  auto state = state_;
  pb::Request request;
  request.mutable_sign_on()->set_user_id(id_bytes(user));
  auto reply = co_await state->call(domain::bucket_of(user), std::move(request));
  co_return heads_of(reply);
}

Task<Result<std::vector<ports::MessagePath::SyncFrom>>> RpcMessagePath::sync_points(Ulid user, std::string device_id,
                                                                                    std::map<Ulid, std::int64_t> named,
                                                                                    bool others) {
  auto state = state_;
  pb::Request request;
  auto* call = request.mutable_sync_points();
  call->set_user_id(id_bytes(user));
  call->set_device_id(device_id);
  call->set_others(others);
  for (const auto& [conversation, rev] : named) {
    auto* point = call->add_named();
    point->set_conversation_id(id_bytes(conversation));
    point->set_after_rev(rev);
  }
  auto reply = co_await state->call(domain::bucket_of(user), std::move(request));
  if (!reply) co_return base::fail(reply.error());
  if (!reply->has_sync_points()) co_return base::fail(unexpected());
  std::vector<SyncFrom> points;
  for (const auto& item : reply->sync_points().points()) {
    auto conversation = protocol::id_of(item.conversation_id());
    auto head = protocol::from_pb(item.head());
    if (!conversation || !head) co_return base::fail(unexpected());
    points.push_back({*conversation, item.after_rev(), *head});
  }
  co_return points;
}

Task<Result<std::vector<domain::Head>>> RpcMessagePath::heads(std::vector<Ulid> conversations) {
  auto state = state_;
  if (conversations.empty()) co_return std::vector<domain::Head>{};
  pb::Request request;
  for (const auto& conversation : conversations) request.mutable_heads()->add_conversations(id_bytes(conversation));
  auto reply = co_await state->call(domain::bucket_of(conversations.front()), std::move(request));
  co_return heads_of(reply);
}

Task<Result<ports::MembershipAnswer>> RpcMessagePath::membership(Ulid conversation, std::vector<Ulid> users) {
  auto state = state_;
  pb::Request request;
  request.mutable_membership()->set_conversation_id(id_bytes(conversation));
  for (const auto& user : users) request.mutable_membership()->add_users(id_bytes(user));
  auto reply = co_await state->call(domain::bucket_of(conversation), std::move(request));
  if (!reply) co_return base::fail(reply.error());
  if (!reply->has_membership()) co_return base::fail(unexpected());
  ports::MembershipAnswer answer;
  auto head = protocol::from_pb(reply->membership().head());
  if (!head) co_return base::fail(unexpected());
  answer.head = *head;
  for (const auto& bytes : reply->membership().members()) {
    if (auto member = protocol::id_of(bytes)) answer.members.push_back(*member);
  }
  co_return answer;
}

Task<base::Status> RpcMessagePath::receipt(domain::Receipt receipt) {
  auto state = state_;
  pb::Request request;
  auto* call = request.mutable_receipt();
  call->set_conversation_id(id_bytes(receipt.conversation_id));
  call->set_user_id(id_bytes(receipt.user_id));
  call->set_device_id(receipt.device_id);
  call->set_seq(receipt.seq);
  call->set_rev(receipt.rev.value_or(0));
  call->set_kind(std::string(domain::name(receipt.kind)));
  auto reply = co_await state->call(domain::bucket_of(receipt.conversation_id), std::move(request));
  co_return done_of(reply);
}

Task<base::Status> RpcMessagePath::announce(Announcement announcement) {
  auto state = state_;
  pb::Request request;
  auto* call = request.mutable_announce();
  to_pb(announcement.head, *call->mutable_head());
  call->mutable_head()->set_conversation_id(id_bytes(announcement.conversation_id));
  call->set_change(announcement.change);
  call->set_frame(announcement.frame);
  for (const auto& user : announcement.subjects) call->add_subjects(id_bytes(user));
  for (const auto& user : announcement.audience) call->add_audience(id_bytes(user));
  auto reply =
      co_await state->call(domain::bucket_of(announcement.conversation_id), std::move(request), kAnnounceTimeout);
  co_return done_of(reply);
}

}  // namespace chat::adapters
