// Names and users. Sessions and the index of conversations are in postgres_directory_sessions.cpp.
#include <algorithm>

#include "dataplane/adapters/postgres_directory.hpp"
#include "dataplane/adapters/postgres_rows.hpp"
#include "dataplane/domain/errors.hpp"

namespace chat::adapters {
namespace {

using Parameters = PostgresShards::Parameters;
using base::Ulid;

constexpr std::int64_t kClaimMilliseconds = 60'000;  // an unfinished registration keeps its name this long
constexpr int kMostTakeovers = 3;

std::string lower(std::string name) {
  for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  return name;
}

std::string bucket_text(const std::string& name) { return std::to_string(domain::bucket_of_name(name)); }

base::Error taken() { return {domain::Errc::conflict, "this username is taken: choose another one"}; }

ports::User user(const pqxx::row& row) { return {ulid(row[0]), text(row[1]), text(row[2]), integer(row[3])}; }

}  // namespace

// The name's row is claimed; where another's claim is in the way, it counts if its user was written or it is fresh.
base::Task<base::Status> PostgresDirectory::claim_name(const ports::User& user, const std::string& name) {
  std::optional<std::string> instead_of;
  for (int attempt = 0; attempt < kMostTakeovers; ++attempt) {
    Parameters parameters{bucket_text(name), name, user.user_id.uuid_text(), std::to_string(user.created_at),
                          instead_of};
    auto rows = co_await shards_.at(domain::bucket_of_name(name), "select * from chat_claim_name($1,$2,$3,$4,$5)",
                                    std::move(parameters));
    if (!rows) co_return base::fail(std::move(rows).error());
    if (rows->empty()) continue;  // released in between
    const auto row = (*rows)[0];
    const auto holder = ulid(row[0]);
    if (holder == user.user_id) co_return base::Status{};
    if (boolean(row[2])) co_return base::fail(taken());
    std::vector<Ulid> holders{holder};
    auto present = co_await find(std::move(holders));
    if (!present) co_return base::fail(std::move(present).error());
    if (!present->empty()) {  // only the confirmation was missing
      (void)co_await confirm_name(name, holder);
      co_return base::fail(taken());
    }
    if (integer(row[1]) > user.created_at - kClaimMilliseconds) co_return base::fail(taken());
    instead_of = holder.uuid_text();
  }
  co_return base::fail(taken());
}

PostgresDirectory::Answer<bool> PostgresDirectory::confirm_name(std::string name, Ulid user) {
  Parameters parameters{bucket_text(name), name, user.uuid_text()};
  auto rows =
      co_await shards_.at(domain::bucket_of_name(name), "select chat_confirm_name($1,$2,$3)", std::move(parameters));
  if (!rows) co_return base::fail(std::move(rows).error());
  co_return boolean((*rows)[0][0]);
}

base::Task<base::Status> PostgresDirectory::register_user(ports::User user, std::string password_hash) {
  const auto name = lower(user.username);
  auto claimed = co_await claim_name(user, name);
  if (!claimed) co_return claimed;
  const auto id = user.user_id.uuid_text();
  Parameters parameters{user.username, user.display_name, std::move(password_hash), std::to_string(user.created_at)};
  auto written = co_await write(user.user_id, "select chat_create_user($1,$2,$3,$4,$5,$6)", std::move(parameters));
  if (!written) {
    // Best effort: where this fails too, the claim ends by its age. A user that was written after all can not be
    // found without a name.
    Parameters release{bucket_text(name), name, id};
    (void)co_await shards_.at(domain::bucket_of_name(name), "select chat_release_name($1,$2,$3)", std::move(release));
    co_return written;
  }
  auto confirmed = co_await confirm_name(name, user.user_id);
  if (confirmed && !*confirmed) {  // it took so long that the name went to someone else
    Parameters none;
    (void)co_await write(user.user_id, "select chat_discard_user($1,$2)", std::move(none));
    co_return base::fail(taken());
  }
  // An unconfirmed name of a user who exists is as good as a confirmed one.
  co_return base::Status{};
}

base::Task<base::Status> PostgresDirectory::write(Ulid user, std::string sql, Parameters parameters) {
  parameters.insert(parameters.begin(), {std::to_string(domain::bucket_of(user)), user.uuid_text()});
  auto rows = co_await shards_.at(domain::bucket_of(user), std::move(sql), std::move(parameters));
  if (!rows) co_return base::fail(std::move(rows).error());
  co_return base::Status{};
}

PostgresDirectory::Answer<std::optional<Ulid>> PostgresDirectory::owner_of_name(std::string name) {
  Parameters parameters{bucket_text(name), name};
  auto rows =
      co_await shards_.at(domain::bucket_of_name(name), "select * from chat_name($1,$2)", std::move(parameters));
  if (!rows) co_return base::fail(std::move(rows).error());
  std::optional<Ulid> holder;
  if (!rows->empty()) holder = ulid((*rows)[0][0]);
  co_return holder;
}

PostgresDirectory::Answer<std::vector<PostgresDirectory::Found>> PostgresDirectory::find(std::vector<Ulid> ids) {
  std::vector<std::uint16_t> buckets;
  buckets.reserve(ids.size());
  for (const auto& id : ids) buckets.push_back(domain::bucket_of(id));
  PostgresShards::Make make = [&ids](const std::vector<std::size_t>& items) {
    std::vector<std::uint16_t> its_buckets;
    std::vector<Ulid> its_ids;
    for (auto item : items) {
      its_buckets.push_back(domain::bucket_of(ids[item]));
      its_ids.push_back(ids[item]);
    }
    return Parameters{array_of(its_buckets), array_of(its_ids)};
  };
  auto slices = co_await shards_.spread(std::move(buckets), "select * from chat_users($1,$2)", std::move(make));
  std::vector<Found> all;
  for (auto& slice : slices) {
    if (!slice.rows) co_return base::fail(std::move(slice.rows).error());
    for (const auto& row : *slice.rows) all.push_back({user(row), text(row[4])});
  }
  co_return all;
}

PostgresDirectory::Answer<ports::Credentials> PostgresDirectory::credentials(std::string username) {
  auto holder = co_await owner_of_name(lower(std::move(username)));
  if (!holder) co_return base::fail(std::move(holder).error());
  std::vector<Found> found;
  if (*holder) {
    std::vector<Ulid> ids{**holder};
    auto answer = co_await find(std::move(ids));
    if (!answer) co_return base::fail(std::move(answer).error());
    found = std::move(*answer);
  }
  if (found.empty()) co_return base::fail(domain::Errc::not_found, "there is no user of this name");
  auto& one = found.front();
  co_return ports::Credentials{one.user.user_id, std::move(one.user.username), std::move(one.password_hash)};
}

PostgresDirectory::Answer<std::vector<ports::User>> PostgresDirectory::users(std::vector<Ulid> ids) {
  auto found = co_await find(std::move(ids));
  if (!found) co_return base::fail(std::move(found).error());
  std::vector<ports::User> all;
  all.reserve(found->size());
  for (auto& one : *found) all.push_back(std::move(one.user));
  co_return all;
}

PostgresDirectory::Answer<std::optional<ports::User>> PostgresDirectory::user_by_name(std::string username) {
  auto holder = co_await owner_of_name(lower(std::move(username)));
  if (!holder) co_return base::fail(std::move(holder).error());
  std::optional<ports::User> one;
  if (*holder) {
    std::vector<Ulid> ids{**holder};
    auto found = co_await users(std::move(ids));
    if (!found) co_return base::fail(std::move(found).error());
    if (!found->empty()) one = std::move(found->front());
  }
  co_return one;
}

PostgresDirectory::Answer<std::vector<ports::User>> PostgresDirectory::search_users(std::string prefix, int limit) {
  const auto low = lower(std::move(prefix));
  Parameters parameters{low, low + "~", std::to_string(limit)};  // ~ sorts after all that names are made of
  auto answers = co_await shards_.everywhere("select * from chat_names_between($1,$2,$3)", std::move(parameters));
  if (!answers) co_return base::fail(std::move(answers).error());
  std::vector<std::pair<std::string, Ulid>> names;
  for (const auto& rows : *answers)
    for (const auto& row : rows) names.emplace_back(text(row[0]), ulid(row[1]));
  std::sort(names.begin(), names.end());
  if (names.size() > static_cast<std::size_t>(limit)) names.resize(static_cast<std::size_t>(limit));
  std::vector<Ulid> ids;
  for (const auto& entry : names) ids.push_back(entry.second);
  auto found = co_await users(std::move(ids));
  if (!found) co_return found;
  std::sort(found->begin(), found->end(),
            [](const auto& a, const auto& b) { return lower(a.username) < lower(b.username); });
  co_return found;
}

PostgresDirectory::Answer<ports::User> PostgresDirectory::rename_user(Ulid id, std::string display_name) {
  Parameters parameters{std::to_string(domain::bucket_of(id)), id.uuid_text(), std::move(display_name)};
  auto rows =
      co_await shards_.at(domain::bucket_of(id), "select * from chat_rename_user($1,$2,$3)", std::move(parameters));
  if (!rows) co_return base::fail(std::move(rows).error());
  if (rows->empty()) co_return base::fail(domain::Errc::not_found, "there is no such user");
  co_return user((*rows)[0]);
}

}  // namespace chat::adapters
