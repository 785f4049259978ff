#include <limits>

#include "dataplane/protocol/frames.hpp"
#include "dataplane/rest/resources.hpp"

namespace chat::rest {
namespace {

using domain::Errc;
using io::http::verb;

constexpr std::int64_t kMostListed = 200;
constexpr std::int64_t kListedByDefault = 50;
constexpr std::int64_t kMostSeq = std::numeric_limits<std::int64_t>::max();
constexpr std::chrono::seconds kSendTimeout{10};

Task<Result<Answer>> send(Resources& resources, Call& call) {
  auto draft = protocol::read_draft(call.body, call.limits.content_characters);
  if (!draft) co_return base::fail(std::move(draft).error());
  draft->sender_id = call.user();
  ports::MessagePath::Caller caller{call.trace_id, call.vip};
  auto ack = co_await resources.messages.send(std::move(*draft), std::move(caller), kSendTimeout);
  if (!ack) co_return base::fail(std::move(ack).error());
  Answer answer;
  answer.code = ack->duplicate ? status::ok : status::created;
  answer.body = protocol::to_json(*ack);
  co_return answer;
}

Task<Result<Answer>> history(Resources& resources, Call& call) {
  auto id = call.id("conversation_id");
  if (!id) co_return base::fail(std::move(id).error());
  auto limit = call.query_number("limit", 1, kMostListed);
  if (!limit) co_return base::fail(std::move(limit).error());
  auto before = call.query_number("before", 0, kMostSeq);
  if (!before) co_return base::fail(std::move(before).error());
  auto after = call.query_number("after", 0, kMostSeq);
  if (!after) co_return base::fail(std::move(after).error());
  if (before->has_value() && after->has_value()) co_return bad_request("before and after exclude each other: give one");
  ports::HistoryQuery query{*before, *after, static_cast<int>(limit->value_or(kListedByDefault))};
  auto page = co_await resources.store.history(*id, call.user(), query);
  if (!page) co_return base::fail(std::move(page).error());
  Answer answer;
  answer.body = {{"items", Json::array()}, {"has_more", page->has_more}};
  for (const auto& message : page->items) answer.body["items"].push_back(protocol::to_json(message));
  co_return answer;
}

}  // namespace

void add_messages(Routes& routes, Resources& resources) {
  routes.push_back({verb::post,
                    "/v1/messages",
                    "sendMessage",
                    "Send a message. A repeat of a client_msg_id gets the first answer, also with other content",
                    Access::bearer,
                    "NewMessage",
                    {},
                    {{status::created, "Kept", "Ack"}, {status::ok, "It was sent before: the first answer", "Ack"}},
                    {Errc::not_found, Errc::forbidden},
                    [&resources](Call& call) { return send(resources, call); }});
  const Json seq{{"type", "integer"}, {"format", "int64"}, {"minimum", 0}};
  routes.push_back(
      {verb::get,
       "/v1/conversations/{conversation_id}/messages",
       "messages",
       "Messages of a conversation, ascending by seq: the newest page, or the one before or after a seq. A page ends "
       "early at about 1 MiB",
       Access::bearer,
       "",
       {{"limit",
         "At most this many",
         {{"type", "integer"}, {"minimum", 1}, {"maximum", kMostListed}, {"default", kListedByDefault}}},
        {"before", "Only messages with a smaller seq; not together with after", seq},
        {"after", "Only messages with a greater seq; not together with before", seq}},
       {{status::ok, "A page", "MessagePage"}},
       {Errc::not_found},
       [&resources](Call& call) { return history(resources, call); }});
}

}  // namespace chat::rest
