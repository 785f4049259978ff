#include "dataplane/services/message_service.hpp"

#include <algorithm>

#include "dataplane/base/planted.hpp"
#include "dataplane/base/text.hpp"
#include "dataplane/domain/errors.hpp"
#include "dataplane/protocol/frames.hpp"

namespace chat::services {
namespace {

using ports::MessagePath;

constexpr std::chrono::seconds kSendDeadline{10};
constexpr int kMostConversationsOfUser = 10'000;
constexpr std::size_t kMostFoundAgain =
    1'000;  // publishing of messages whose first try was in doubt; more are left to I4

}  // namespace

MessageService::MessageService(const Parts& parts)
    : parts_(parts),
      receipts_(parts.executor, parts.store, parts.fan_out),
      tasks_(parts.executor),
      sent_(parts.metrics.counter("chat_messages_sent_total", "messages committed")),
      duplicates_(parts.metrics.counter("chat_messages_duplicate_total", "retries that got their first answer")),
      send_seconds_(parts.metrics.seconds("chat_send_seconds", "from a send's arrival until its commit is known")) {}

void MessageService::send(domain::Draft draft, bool vip, const std::string& trace_id, SendDone done) {
  if (auto allowed = check(draft, vip); !allowed) {
    count_failure(allowed.error());
    return done(base::fail(allowed.error()));
  }
  const auto begun = parts_.clock.steady();
  parts_.commits.submit(std::move(draft), begun + kSendDeadline,
                        [this, begun, trace_id, done = std::move(done)](base::Result<Committed> result) {
                          settled(std::move(result), begun, trace_id, done);
                        });
}

base::Status MessageService::check(const domain::Draft& draft, bool vip) {
  const auto& limits = parts_.router.map().limits;
  const auto most = static_cast<std::size_t>(limits.content_characters);
  // Code points are at most as many as bytes: most messages need no counting.
  if (most > 0 && draft.content.size() > most && base::code_points(draft.content).value_or(0) > most) {
    return base::fail(domain::Errc::too_large, "content must have at most " + std::to_string(most) + " characters");
  }
  if (draft.content.empty()) return base::fail(domain::Errc::bad_request, "content must not be empty");
  auto decision = limits_.take(draft.sender_id, draft.conversation_id, vip, limits, parts_.clock.steady());
  if (decision.allowed) return {};
  return base::fail(domain::Errc::rate_limited, "too many messages: wait before the next", decision.retry_after);
}

void MessageService::settled(base::Result<Committed> result, base::SteadyTime begun, const std::string& trace_id,
                             const SendDone& done) {
  send_seconds_.Observe(std::chrono::duration<double>(parts_.clock.steady() - begun).count());
  if (!result) {
    count_failure(result.error());
    parts_.log.warn("send_failed", {{"trace_id", trace_id}, {"reason", result.error().message}});
    return done(base::fail(std::move(result.error())));
  }
  const auto& written = result->written;
  if (written.kind == ports::Written::Kind::stored) {
    sent_.Increment();
    if (!base::planted_later(parts_.executor, done, written.ack)) done(written.ack);
    publish(written.message, written.head, written.members);
  } else if (written.kind == ports::Written::Kind::duplicate) {
    duplicates_.Increment();
    done(written.ack);
    if (result->after_unknown && tasks_.size() < kMostFoundAgain) {
      tasks_.spawn("publish_found",
                   publish_found(written.ack.conversation_id, result->draft.sender_id, written.ack.rev));
    }
  } else {
    const base::Error refusal{make_error_code(written.refusal), written.why};
    count_failure(refusal);
    done(base::fail(refusal));
  }
}

void MessageService::publish(const domain::Message& message, const domain::Head& head,
                             const std::vector<base::Ulid>& members) {
  if (base::planted(base::Fault::lost_publish_not_filled, 20)) return;
  pb::BusEvent event;
  event.set_kind(pb::BusEvent::MESSAGE);
  protocol::to_pb(head, *event.mutable_head());
  event.mutable_head()->set_seq(message.seq);
  event.mutable_head()->set_rev(message.rev);
  event.set_frame(protocol::message_frame(message));
  parts_.fan_out.publish(event, message.conversation_id, members);
}

// The try that stored it lost its answer, so nobody has told the members yet.
base::Task<> MessageService::publish_found(base::Ulid conversation, base::Ulid sender, std::int64_t rev) {
  auto found = co_await parts_.store.changes(conversation, sender, rev - 1, 1);
  if (!found || found->items.empty() || found->items.front().rev != rev) co_return;
  std::vector<base::Ulid> members;
  if (found->head.member_count <= domain::kMembersPublishedSingly) {
    auto all = co_await parts_.store.members(conversation, sender, std::nullopt, domain::kMembersPublishedSingly);
    if (!all) co_return;
    for (const auto& member : *all) members.push_back(member.user_id);
  }
  publish(found->items.front(), found->head, members);
}

void MessageService::count_failure(const base::Error& error) {
  const std::string code(domain::name(domain::errc_for_client(error)));
  parts_.metrics.counter("chat_send_failures_total", "sends that were not acknowledged", {{"code", code}}).Increment();
}

void MessageService::receipt(domain::Receipt receipt, Receipts::Done done) {
  receipt.at = parts_.clock.now_milliseconds();
  receipts_.record(std::move(receipt), std::move(done));
}

void MessageService::announce(const MessagePath::Announcement& announcement) {
  pb::BusEvent event;
  event.set_kind(pb::BusEvent::CONVERSATION);
  protocol::to_pb(announcement.head, *event.mutable_head());
  event.set_frame(announcement.frame);
  event.set_change(announcement.change);
  for (const auto& user : announcement.subjects) event.add_subjects(protocol::id_bytes(user));
  parts_.fan_out.publish(event, announcement.conversation_id, announcement.audience, announcement.subjects);
}

base::Task<base::Result<ports::Changes>> MessageService::changes(base::Ulid conversation, base::Ulid viewer,
                                                                 std::int64_t after_rev, int limit) {
  return parts_.store.changes(conversation, viewer, after_rev, limit);
}

base::Task<base::Result<std::vector<domain::Head>>> MessageService::sign_on(base::Ulid user) {
  auto mine = co_await parts_.directory.conversations_of(user, kMostConversationsOfUser);
  if (!mine) co_return base::fail(std::move(mine.error()));
  co_return co_await parts_.store.heads_of(user, std::move(*mine));
}

base::Task<base::Result<std::vector<MessagePath::SyncFrom>>> MessageService::sync_points(
    base::Ulid user, std::string device_id, std::map<base::Ulid, std::int64_t> named, bool others) {
  std::vector<base::Ulid> asked;
  std::vector<base::Ulid> not_named;
  for (const auto& [conversation, rev] : named) asked.push_back(conversation);
  if (others) {
    auto mine = co_await parts_.directory.conversations_of(user, kMostConversationsOfUser);
    if (!mine) co_return base::fail(std::move(mine.error()));
    for (const auto& conversation : *mine) {
      if (!named.contains(conversation)) not_named.push_back(conversation);
    }
    asked.insert(asked.end(), not_named.begin(), not_named.end());
  }
  auto from = std::move(named);
  if (!not_named.empty()) {
    auto cursors = co_await parts_.store.cursors(user, std::move(device_id), std::move(not_named));
    if (!cursors) co_return base::fail(std::move(cursors.error()));
    for (const auto& cursor : *cursors) from.emplace(cursor.conversation_id, cursor.rev);
  }
  auto heads = co_await parts_.store.heads_of(user, std::move(asked));
  if (!heads) co_return base::fail(std::move(heads.error()));
  std::vector<MessagePath::SyncFrom> points;
  points.reserve(heads->size());
  for (const auto& head : *heads) {
    auto known = from.find(head.conversation_id);
    points.push_back({head.conversation_id, known == from.end() ? 0 : known->second, head});
  }
  co_return points;
}

base::Task<base::Result<std::vector<domain::Head>>> MessageService::heads(std::vector<base::Ulid> conversations) {
  return parts_.store.heads(std::move(conversations));
}

base::Task<base::Result<ports::MembershipAnswer>> MessageService::membership(base::Ulid conversation,
                                                                             std::vector<base::Ulid> users) {
  return parts_.store.membership(conversation, std::move(users));
}

base::Task<> MessageService::stop(base::SteadyTime deadline) {
  co_await parts_.commits.stop(deadline);
  (void)co_await receipts_.idle(deadline);
  (void)co_await tasks_.idle(deadline);
}

}  // namespace chat::services
