#include "dataplane/rest/documents.hpp"
#include "dataplane/rest/fields.hpp"
#include "dataplane/rest/resources.hpp"

namespace chat::rest {
namespace {

using domain::Errc;
using io::http::verb;

constexpr std::int64_t kMostListed = 1000;
constexpr std::int64_t kListedByDefault = 200;
const char* const kPath = "/v1/conversations/{conversation_id}/members";
const char* const kOnePath = "/v1/conversations/{conversation_id}/members/{user_id}";

struct Place {
  Ulid conversation;
  Ulid user;
};

Result<Place> place_of(const Call& call) {
  auto conversation = call.id("conversation_id");
  if (!conversation) return base::fail(std::move(conversation).error());
  auto user = call.id("user_id");
  if (!user) return base::fail(std::move(user).error());
  return Place{*conversation, *user};
}

Task<Result<Answer>> list(Resources& resources, Call& call) {
  auto id = call.id("conversation_id");
  if (!id) co_return base::fail(std::move(id).error());
  auto limit = call.query_number("limit", 1, kMostListed);
  if (!limit) co_return base::fail(std::move(limit).error());
  std::optional<Ulid> after;
  if (auto cursor = call.query_text("cursor")) {
    after = Ulid::parse(*cursor);
    if (!after) co_return bad_request("cursor must be a next_cursor of this call");
  }
  auto page = co_await resources.conversations.members(*id, call.user(), after,
                                                       static_cast<int>(limit->value_or(kListedByDefault)));
  if (!page) co_return base::fail(std::move(page).error());
  Answer answer;
  answer.body = to_json(*page);
  co_return answer;
}

Task<Result<Answer>> add(Resources& resources, Call& call) {
  auto id = call.id("conversation_id");
  if (!id) co_return base::fail(std::move(id).error());
  Fields fields(call.body);
  auto users = fields.ids("user_ids");
  if (auto good = fields.status(); !good) co_return base::fail(std::move(good).error());
  if (users.empty()) co_return bad_request("user_ids must name someone");
  auto added = co_await resources.conversations.add_members(*id, call.user(), std::move(users), call.limits);
  if (!added) co_return base::fail(std::move(added).error());
  Answer answer;
  answer.body = {{"added", Json::array()}};
  for (const auto& user : *added) answer.body["added"].push_back(user.text());
  co_return answer;
}

Task<Result<Answer>> remove(Resources& resources, Call& call) {
  auto place = place_of(call);
  if (!place) co_return base::fail(std::move(place).error());
  auto removed = co_await resources.conversations.remove_member(place->conversation, call.user(), place->user);
  if (!removed) co_return base::fail(std::move(removed).error());
  Answer answer;
  answer.code = status::no_content;
  co_return answer;
}

Task<Result<Answer>> change_role(Resources& resources, Call& call) {
  auto place = place_of(call);
  if (!place) co_return base::fail(std::move(place).error());
  Fields fields(call.body);
  const auto text = fields.text("role");
  if (auto good = fields.status(); !good) co_return base::fail(std::move(good).error());
  const auto role = domain::parse_role(text);
  if (!role) co_return bad_request("role must be owner, admin or member");
  auto changed = co_await resources.conversations.set_role(place->conversation, call.user(), place->user, *role);
  if (!changed) co_return base::fail(std::move(changed).error());
  Answer answer;
  answer.body = {{"user_id", place->user.text()}, {"role", text}};
  co_return answer;
}

}  // namespace

void add_members(Routes& routes, Resources& resources) {
  routes.push_back({verb::get,
                    kPath,
                    "members",
                    "Who is in a conversation",
                    Access::bearer,
                    "",
                    {{"limit",
                      "At most this many",
                      {{"type", "integer"}, {"minimum", 1}, {"maximum", kMostListed}, {"default", kListedByDefault}}},
                     {"cursor", "next_cursor of the page before", {{"type", "string"}}}},
                    {{status::ok, "A page", "MemberPage"}},
                    {Errc::not_found},
                    [&resources](Call& call) { return list(resources, call); }});
  routes.push_back({verb::post,
                    kPath,
                    "addMembers",
                    "Add people to a group (owner or admin)",
                    Access::bearer,
                    "NewMembers",
                    {},
                    {{status::ok, "Who was added; those already in it are left out", "Added"}},
                    {Errc::not_found, Errc::forbidden, Errc::too_large},
                    [&resources](Call& call) { return add(resources, call); }});
  routes.push_back({verb::delete_,
                    kOnePath,
                    "removeMember",
                    "Remove someone from a group (owner or admin), or leave it. Where its only owner leaves, the group "
                    "passes to who has been admin longest, else to who has been a member longest",
                    Access::bearer,
                    "",
                    {},
                    {{status::no_content, "Is no member any more", ""}},
                    {Errc::not_found, Errc::forbidden, Errc::conflict},
                    [&resources](Call& call) { return remove(resources, call); }});
  routes.push_back({verb::patch,
                    kOnePath,
                    "changeRole",
                    "Change someone's role in a group (owner)",
                    Access::bearer,
                    "RoleChange",
                    {},
                    {{status::ok, "The role now", "MemberRole"}},
                    {Errc::not_found, Errc::forbidden, Errc::conflict},
                    [&resources](Call& call) { return change_role(resources, call); }});
}

}  // namespace chat::rest
