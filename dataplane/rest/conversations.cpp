#include <algorithm>

#include "dataplane/rest/documents.hpp"
#include "dataplane/rest/fields.hpp"
#include "dataplane/rest/resources.hpp"

namespace chat::rest {
namespace {

using domain::Errc;
using io::http::verb;

constexpr std::int64_t kMostListed = 200;
constexpr std::int64_t kListedByDefault = 50;

services::Conversations::Actor actor_of(const Call& call) { return {call.user(), call.limit_factor()}; }

Answer details_answer(const services::Details& details, status code) {
  Answer answer;
  answer.code = code;
  answer.body = to_json(details);
  return answer;
}

Task<Result<Answer>> create(Resources& resources, Call& call) {
  Fields fields(call.body);
  const auto type = fields.text("type");
  auto ids = fields.ids("member_ids");
  if (auto good = fields.status(); !good) co_return base::fail(std::move(good).error());
  if (type != domain::name(domain::ConversationType::one_on_one))
    co_return bad_request("type must be one_on_one; groups are made with POST /v1/groups");
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  // Clients that name both sides mean the same.
  if (ids.size() == 2) std::erase(ids, call.user());
  if (ids.size() != 1) co_return bad_request("member_ids must name exactly one other user");
  auto created = co_await resources.conversations.create_one_on_one(actor_of(call), ids.front());
  if (!created) co_return base::fail(std::move(created).error());
  co_return details_answer(created->details, created->fresh ? status::created : status::ok);
}

Task<Result<Answer>> create_group(Resources& resources, Call& call) {
  Fields fields(call.body);
  auto name = fields.text("name");
  auto ids = fields.ids("member_ids");
  if (auto good = fields.status(); !good) co_return base::fail(std::move(good).error());
  auto created =
      co_await resources.conversations.create_group(actor_of(call), std::move(name), std::move(ids), call.limits);
  if (!created) co_return base::fail(std::move(created).error());
  co_return details_answer(*created, status::created);
}

Task<Result<Answer>> list(Resources& resources, Call& call) {
  auto limit = call.query_number("limit", 1, kMostListed);
  if (!limit) co_return base::fail(std::move(limit).error());
  std::optional<services::ListPosition> after;
  if (auto cursor = call.query_text("cursor")) {
    after = services::parse_cursor(*cursor);
    if (!after) co_return bad_request("cursor must be a next_cursor of this call");
  }
  auto page =
      co_await resources.conversations.list(call.user(), after, static_cast<int>(limit->value_or(kListedByDefault)));
  if (!page) co_return base::fail(std::move(page).error());
  Answer answer;
  answer.body = to_json(*page);
  co_return answer;
}

Task<Result<Answer>> show(Resources& resources, Call& call) {
  auto id = call.id("conversation_id");
  if (!id) co_return base::fail(std::move(id).error());
  auto details = co_await resources.conversations.details(*id, call.user());
  if (!details) co_return base::fail(std::move(details).error());
  co_return details_answer(*details, status::ok);
}

Task<Result<Answer>> rename(Resources& resources, Call& call) {
  auto id = call.id("conversation_id");
  if (!id) co_return base::fail(std::move(id).error());
  Fields fields(call.body);
  auto name = fields.text("name");
  if (auto good = fields.status(); !good) co_return base::fail(std::move(good).error());
  auto details = co_await resources.conversations.rename(*id, call.user(), std::move(name));
  if (!details) co_return base::fail(std::move(details).error());
  co_return details_answer(*details, status::ok);
}

Task<Result<Answer>> remove(Resources& resources, Call& call) {
  auto id = call.id("conversation_id");
  if (!id) co_return base::fail(std::move(id).error());
  auto removed = co_await resources.conversations.remove(*id, call.user());
  if (!removed) co_return base::fail(std::move(removed).error());
  Answer answer;
  answer.code = status::no_content;
  co_return answer;
}

}  // namespace

void add_conversations(Routes& routes, Resources& resources) {
  routes.push_back({verb::post,
                    "/v1/conversations",
                    "createConversation",
                    "Start the one-on-one conversation with someone; the same one from both sides, however often",
                    Access::bearer,
                    "NewConversation",
                    {},
                    {{status::created, "Made", "Conversation"}, {status::ok, "It was there", "Conversation"}},
                    {Errc::not_found},
                    [&resources](Call& call) { return create(resources, call); }});
  routes.push_back({verb::post,
                    "/v1/groups",
                    "createGroup",
                    "Make a group; who makes it is its owner",
                    Access::bearer,
                    "NewGroup",
                    {},
                    {{status::created, "Made", "Conversation"}},
                    {Errc::not_found, Errc::too_large},
                    [&resources](Call& call) { return create_group(resources, call); }});
  routes.push_back({verb::get,
                    "/v1/conversations",
                    "conversations",
                    "My conversations, newest activity first",
                    Access::bearer,
                    "",
                    {{"limit",
                      "At most this many",
                      {{"type", "integer"}, {"minimum", 1}, {"maximum", kMostListed}, {"default", kListedByDefault}}},
                     {"cursor", "next_cursor of the page before", {{"type", "string"}}}},
                    {{status::ok, "A page", "ConversationPage"}},
                    {},
                    [&resources](Call& call) { return list(resources, call); }});
  routes.push_back({verb::get,
                    "/v1/conversations/{conversation_id}",
                    "conversation",
                    "One of my conversations",
                    Access::bearer,
                    "",
                    {},
                    {{status::ok, "Details", "Conversation"}},
                    {Errc::not_found},
                    [&resources](Call& call) { return show(resources, call); }});
  routes.push_back({verb::patch,
                    "/v1/conversations/{conversation_id}",
                    "renameConversation",
                    "Rename a group (owner or admin)",
                    Access::bearer,
                    "ConversationChange",
                    {},
                    {{status::ok, "Details as they are now", "Conversation"}},
                    {Errc::not_found, Errc::forbidden},
                    [&resources](Call& call) { return rename(resources, call); }});
  routes.push_back({verb::delete_,
                    "/v1/conversations/{conversation_id}",
                    "deleteConversation",
                    "Delete a group (owner)",
                    Access::bearer,
                    "",
                    {},
                    {{status::no_content, "Deleted", ""}},
                    {Errc::not_found, Errc::forbidden},
                    [&resources](Call& call) { return remove(resources, call); }});
}

}  // namespace chat::rest
