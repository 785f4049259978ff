#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/ulid.hpp"
#include "dataplane/domain/conversation.hpp"
#include "dataplane/io/postgres/connection.hpp"

namespace chat::adapters {

// Fields of rows as the functions of migrations/ answer them. Nothing here throws for a value: NULL and nonsense are
// the type's zero, since the database's own types leave no room for it.
[[nodiscard]] std::int64_t integer(const pqxx::field& field);
[[nodiscard]] bool boolean(const pqxx::field& field);
[[nodiscard]] base::Ulid ulid(const pqxx::field& field);
[[nodiscard]] std::string text(const pqxx::field& field);
[[nodiscard]] std::vector<base::Ulid> ulids(const pqxx::field& field);  // a uuid[]
[[nodiscard]] std::vector<base::Ulid> ulids(std::string_view array);    // its text: {…}, empty where it is NULL

inline constexpr int kMessageColumns = 13;
// The columns of the type chat_message, from number `first` on.
[[nodiscard]] domain::Message message(const pqxx::row& row, int first, const base::Ulid& conversation);
// last_seq, last_rev, members_rev, member_count from number `first` on.
[[nodiscard]] domain::Head head(const pqxx::row& row, int first, const base::Ulid& conversation);

// Parameters.
[[nodiscard]] std::string array_of(const std::vector<base::Ulid>& ids);
[[nodiscard]] std::string array_of(const std::vector<std::uint16_t>& buckets);

}  // namespace chat::adapters
