#include "dataplane/base/text.hpp"
#include "dataplane/rest/documents.hpp"
#include "dataplane/rest/fields.hpp"
#include "dataplane/rest/resources.hpp"

namespace chat::rest {
namespace {

using domain::Errc;
using io::http::verb;

constexpr std::int64_t kMostFound = 50;
constexpr std::int64_t kFoundByDefault = 20;
constexpr std::size_t kMostQueryCharacters = 100;

Answer user_answer(const ports::User& user) {
  Answer answer;
  answer.body = to_json(user);
  return answer;
}

Task<Result<Answer>> me(Resources& resources, Call& call) {
  auto user = co_await resources.accounts.user(call.user());
  if (!user) co_return base::fail(std::move(user).error());
  co_return user_answer(*user);
}

Task<Result<Answer>> change_me(Resources& resources, Call& call) {
  Fields fields(call.body);
  auto display_name = fields.text("display_name");
  if (auto good = fields.status(); !good) co_return base::fail(std::move(good).error());
  auto user = co_await resources.accounts.rename(call.user(), std::move(display_name));
  if (!user) co_return base::fail(std::move(user).error());
  co_return user_answer(*user);
}

Task<Result<Answer>> user(Resources& resources, Call& call) {
  auto id = call.id("user_id");
  if (!id) co_return base::fail(std::move(id).error());
  auto found = co_await resources.accounts.user(*id);
  if (!found) co_return base::fail(std::move(found).error());
  co_return user_answer(*found);
}

Task<Result<Answer>> search(Resources& resources, Call& call) {
  auto limit = call.query_number("limit", 1, kMostFound);
  if (!limit) co_return base::fail(std::move(limit).error());
  auto query = call.query_text("query");
  if (!query || query->empty()) co_return bad_request("query is missing: the beginning of a username");
  const auto characters = base::code_points(*query);
  if (!characters || *characters > kMostQueryCharacters || base::has_nul(*query))
    co_return bad_request("query must be 1 to 100 characters of valid UTF-8");
  auto users =
      co_await resources.accounts.search(std::move(*query), static_cast<int>(limit->value_or(kFoundByDefault)));
  if (!users) co_return base::fail(std::move(users).error());
  Answer answer;
  answer.body = {{"items", Json::array()}};
  for (const auto& found : *users) answer.body["items"].push_back(to_json(found));
  co_return answer;
}

}  // namespace

void add_users(Routes& routes, Resources& resources) {
  routes.push_back({verb::get,
                    "/v1/users/me",
                    "me",
                    "Who I am",
                    Access::bearer,
                    "",
                    {},
                    {{status::ok, "My profile", "User"}},
                    {Errc::not_found},
                    [&resources](Call& call) { return me(resources, call); }});
  routes.push_back({verb::patch,
                    "/v1/users/me",
                    "changeMe",
                    "Change my display name",
                    Access::bearer,
                    "ProfileChange",
                    {},
                    {{status::ok, "My profile as it is now", "User"}},
                    {Errc::not_found},
                    [&resources](Call& call) { return change_me(resources, call); }});
  routes.push_back({verb::get,
                    "/v1/users/{user_id}",
                    "user",
                    "Someone's profile",
                    Access::bearer,
                    "",
                    {},
                    {{status::ok, "The profile", "User"}},
                    {Errc::not_found},
                    [&resources](Call& call) { return user(resources, call); }});
  routes.push_back(
      {verb::get,
       "/v1/users",
       "searchUsers",
       "Look people up by the beginning of their username, in any case",
       Access::bearer,
       "",
       {{"query", "The beginning of a username", {{"type", "string"}, {"minLength", 1}, {"maxLength", 100}}, true},
        {"limit",
         "At most this many",
         {{"type", "integer"}, {"minimum", 1}, {"maximum", kMostFound}, {"default", kFoundByDefault}}}},
       {{status::ok, "Who was found, an exact match first", "UserList"}},
       {},
       [&resources](Call& call) { return search(resources, call); }});
}

}  // namespace chat::rest
