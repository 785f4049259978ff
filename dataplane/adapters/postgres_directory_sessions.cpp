// Sessions, and the index "conversations of this user". Names and users are in postgres_directory_users.cpp.
#include "dataplane/adapters/postgres_directory.hpp"
#include "dataplane/adapters/postgres_rows.hpp"
#include "dataplane/domain/errors.hpp"

namespace chat::adapters {
namespace {

using Parameters = PostgresShards::Parameters;
using base::Ulid;

constexpr std::size_t kAskedTogether = 100;  // who has fewer conversations is asked for with others

std::string bucket_text(const Ulid& id) { return std::to_string(domain::bucket_of(id)); }

}  // namespace

PostgresDirectory::PostgresDirectory(PostgresShards& shards)
    : shards_(shards),
      newest_conversations_(shards,
                            "select * from chat_conversations_of_each($1,$2," + std::to_string(kAskedTogether) + ")") {}

base::Task<base::Status> PostgresDirectory::create_session(ports::Session session) {
  Parameters parameters{session.session_id.uuid_text(),
                        session.device_id,
                        session.refresh_hash,
                        session.previous_hash,
                        std::to_string(session.rotated_at),
                        std::to_string(session.expires_at)};
  co_return co_await write(session.user_id, "select chat_create_session($1,$2,$3,$4,$5,$6,$7,$8)",
                           std::move(parameters));
}

PostgresDirectory::Answer<ports::Session> PostgresDirectory::session(Ulid user, Ulid session) {
  Parameters parameters{bucket_text(user), user.uuid_text(), session.uuid_text()};
  auto rows =
      co_await shards_.at(domain::bucket_of(user), "select * from chat_session($1,$2,$3)", std::move(parameters));
  if (!rows) co_return base::fail(std::move(rows).error());
  if (rows->empty()) co_return base::fail(domain::Errc::not_found, "there is no such session");
  const auto row = (*rows)[0];
  ports::Session found;
  found.session_id = session;
  found.user_id = user;
  found.device_id = text(row["device_id"]);
  found.refresh_hash = text(row["refresh_hash"]);
  found.previous_hash = text(row["previous_hash"]);
  found.rotated_at = integer(row["rotated_ms"]);
  found.expires_at = integer(row["expires_ms"]);
  found.revoked = boolean(row["revoked"]);
  co_return found;
}

PostgresDirectory::Answer<bool> PostgresDirectory::rotate_session(ports::Session before, std::string new_hash,
                                                                  std::int64_t now, std::int64_t expires_at) {
  // Only a repeat of this very call may take "it is so already" for its own success; another instance that rotated
  // in the same millisecond came first.
  for (bool repeated : {false, true}) {
    Parameters parameters{bucket_text(before.user_id),
                          before.user_id.uuid_text(),
                          before.session_id.uuid_text(),
                          before.refresh_hash,
                          new_hash,
                          std::to_string(now),
                          std::to_string(expires_at),
                          repeated ? "t" : "f"};
    auto rows =
        co_await shards_.at(domain::bucket_of(before.user_id), "select chat_rotate_session($1,$2,$3,$4,$5,$6,$7,$8)",
                            std::move(parameters), PostgresShards::Repeat::never);
    if (rows) co_return boolean((*rows)[0][0]);
    if (repeated || rows.error().code != io::postgres::Errc::unknown_outcome)
      co_return base::fail(std::move(rows).error());
  }
  co_return false;
}

base::Task<base::Status> PostgresDirectory::revoke_session(Ulid user, Ulid session) {
  Parameters parameters{session.uuid_text()};
  co_return co_await write(user, "select chat_revoke_session($1,$2,$3)", std::move(parameters));
}

PostgresDirectory::Answer<std::vector<Ulid>> PostgresDirectory::conversations_of(Ulid user, int limit) {
  std::vector<Ulid> ids;
  // Most people have few: those are asked for with others who sign on at this moment.
  std::vector<GatheredQuestion::Item> item;
  item.push_back({domain::bucket_of(user), {user.uuid_text()}});
  auto newest = co_await newest_conversations_.ask(std::move(item));
  if (!newest) co_return base::fail(std::move(newest).error());
  if (newest->size() < kAskedTogether) {
    if (newest->size() > static_cast<std::size_t>(limit)) newest->resize(static_cast<std::size_t>(limit));
    for (const auto& row : *newest) ids.push_back(ulid(row[1]));
    co_return ids;
  }
  Parameters parameters{bucket_text(user), user.uuid_text(), std::to_string(limit)};
  auto rows = co_await shards_.at(domain::bucket_of(user), "select * from chat_conversations_of($1,$2,$3)",
                                  std::move(parameters));
  if (!rows) co_return base::fail(std::move(rows).error());
  for (const auto& row : *rows) ids.push_back(ulid(row[0]));
  co_return ids;
}

base::Task<base::Status> PostgresDirectory::set_linked(std::vector<Ulid> users, Ulid conversation, bool linked,
                                                       std::int64_t members_rev, std::int64_t now) {
  std::vector<std::uint16_t> buckets;
  buckets.reserve(users.size());
  for (const auto& user : users) buckets.push_back(domain::bucket_of(user));
  PostgresShards::Make make = [&](const std::vector<std::size_t>& items) {
    std::vector<std::uint16_t> its_buckets;
    std::vector<Ulid> ids;
    for (auto item : items) {
      its_buckets.push_back(domain::bucket_of(users[item]));
      ids.push_back(users[item]);
    }
    return Parameters{array_of(its_buckets),       array_of(ids),      conversation.uuid_text(), linked ? "t" : "f",
                      std::to_string(members_rev), std::to_string(now)};
  };
  auto slices = co_await shards_.spread(std::move(buckets), "select chat_link($1,$2,$3,$4,$5,$6)", std::move(make));
  for (auto& slice : slices) {
    if (!slice.rows) co_return base::fail(std::move(slice.rows).error());
  }
  co_return base::Status{};
}

base::Task<base::Status> PostgresDirectory::link(std::vector<Ulid> users, Ulid conversation, std::int64_t members_rev,
                                                 std::int64_t now) {
  co_return co_await set_linked(std::move(users), conversation, true, members_rev, now);
}

base::Task<base::Status> PostgresDirectory::unlink(std::vector<Ulid> users, Ulid conversation,
                                                   std::int64_t members_rev) {
  co_return co_await set_linked(std::move(users), conversation, false, members_rev, 0);
}

}  // namespace chat::adapters
