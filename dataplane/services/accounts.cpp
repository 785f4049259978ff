#include "dataplane/services/accounts.hpp"

#include <algorithm>

#include "dataplane/base/text.hpp"
#include "dataplane/domain/errors.hpp"

namespace chat::services {
namespace {

constexpr std::size_t kLeastUsername = 3;
constexpr std::size_t kMostUsername = 50;
constexpr std::size_t kLeastPasswordCharacters = 8;
constexpr std::size_t kMostPasswordBytes = 1024;
constexpr std::size_t kMostDisplayName = 100;

auto bad_request(std::string why) { return base::fail(domain::Errc::bad_request, std::move(why)); }

bool is_name_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_name_text(std::string_view text) { return std::all_of(text.begin(), text.end(), is_name_character); }

std::string lower(std::string_view name) {
  std::string text(name);
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

// C0, DEL and the C1 block (two bytes in UTF-8, C2 80…9F).
bool has_control_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) return true;
  }
  return false;
}

}  // namespace

Status check_username(std::string_view username) {
  if (username.size() < kLeastUsername || username.size() > kMostUsername || !is_name_text(username))
    return bad_request("username must be 3 to 50 of the characters A–Z, a–z, 0–9 and _");
  return {};
}

Status check_password(std::string_view password) {
  const auto characters = base::code_points(password);
  if (!characters) return bad_request("password must be valid UTF-8");
  if (*characters < kLeastPasswordCharacters) return bad_request("password must be 8 characters or more");
  if (password.size() > kMostPasswordBytes) return bad_request("password must be at most 1024 bytes");
  return {};
}

Status check_line(std::string_view text, std::string_view what, std::size_t most) {
  const auto characters = base::code_points(text);
  if (!characters) return bad_request(std::string(what) + " must be valid UTF-8");
  if (*characters == 0 || *characters > most)
    return bad_request(std::string(what) + " must be 1 to " + std::to_string(most) + " characters");
  if (has_control_character(text)) return bad_request(std::string(what) + " must not hold control characters");
  return {};
}

Status check_display_name(std::string_view display_name) {
  return check_line(display_name, "display_name", kMostDisplayName);
}

Task<Result<Ulid>> Accounts::register_user(NewUser user) {
  auto good = check_username(user.username);
  if (good) good = check_password(user.password);
  if (good && user.display_name) good = check_display_name(*user.display_name);
  if (!good) co_return base::fail(std::move(good).error());
  // Asked first because it is cheap and hashing is not; register_user() decides.
  auto taken = co_await directory_.user_by_name(user.username);
  if (!taken) co_return base::fail(std::move(taken).error());
  if (taken->has_value()) co_return base::fail(domain::Errc::conflict, "this username is taken: choose another one");
  auto hash = co_await passwords_.hash(std::move(user.password));
  if (!hash) co_return base::fail(std::move(hash).error());
  const std::int64_t now = clock_.now_milliseconds();
  ports::User row{base::new_ulid(now), user.username, user.display_name.value_or(user.username), now};
  const Ulid id = row.user_id;
  auto stored = co_await directory_.register_user(std::move(row), std::move(*hash));
  if (!stored) co_return base::fail(std::move(stored).error());
  co_return id;
}

Task<Result<ports::User>> Accounts::user(Ulid id) {
  std::vector<Ulid> ids{id};
  auto users = co_await directory_.users(std::move(ids));
  if (!users) co_return base::fail(std::move(users).error());
  if (users->empty()) co_return base::fail(domain::Errc::not_found, "there is no such user");
  co_return std::move(users->front());
}

Task<Result<ports::User>> Accounts::rename(Ulid user, std::string display_name) {
  auto good = check_display_name(display_name);
  if (!good) co_return base::fail(std::move(good).error());
  co_return co_await directory_.rename_user(user, std::move(display_name));
}

Task<Result<std::vector<ports::User>>> Accounts::search(std::string query, int limit) {
  if (query.empty() || query.size() > kMostUsername || !is_name_text(query)) co_return std::vector<ports::User>{};
  const std::string wanted = lower(query);
  auto found = co_await directory_.search_users(wanted, limit);
  if (!found) co_return base::fail(std::move(found).error());
  auto exact = co_await directory_.user_by_name(wanted);
  if (!exact) co_return base::fail(std::move(exact).error());
  std::vector<ports::User> users = std::move(*found);
  std::sort(users.begin(), users.end(),
            [](const auto& a, const auto& b) { return lower(a.username) < lower(b.username); });
  if (exact->has_value()) {
    std::erase_if(users, [&exact](const auto& user) { return user.user_id == (*exact)->user_id; });
    users.insert(users.begin(), std::move(**exact));
  }
  if (users.size() > static_cast<std::size_t>(limit)) users.resize(static_cast<std::size_t>(limit));
  co_return users;
}

}  // namespace chat::services
