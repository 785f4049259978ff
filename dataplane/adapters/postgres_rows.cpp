#include "dataplane/adapters/postgres_rows.hpp"

#include <charconv>
#include <string_view>

namespace chat::adapters {
namespace {

std::string_view view(const pqxx::field& field) { return {field.c_str(), field.size()}; }

base::Ulid parse(std::string_view text) { return base::Ulid::parse_uuid(text).value_or(base::Ulid{}); }

}  // namespace

std::int64_t integer(const pqxx::field& field) {
  std::int64_t value = 0;
  const auto digits = view(field);
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

bool boolean(const pqxx::field& field) { return view(field) == "t"; }
base::Ulid ulid(const pqxx::field& field) { return parse(view(field)); }
std::string text(const pqxx::field& field) { return std::string(view(field)); }

std::vector<base::Ulid> ulids(const pqxx::field& field) { return ulids(view(field)); }

std::vector<base::Ulid> ulids(std::string_view rest) {
  std::vector<base::Ulid> ids;
  if (rest.size() <= 2) return ids;  // NULL or {}
  rest = rest.substr(1, rest.size() - 2);
  ids.reserve(rest.size() / 37 + 1);
  while (!rest.empty()) {
    const auto comma = std::min(rest.find(','), rest.size());
    ids.push_back(parse(rest.substr(0, comma)));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return ids;
}

domain::Message message(const pqxx::row& row, int first, const base::Ulid& conversation) {
  domain::Message out;
  out.conversation_id = conversation;
  out.message_id = ulid(row[first]);
  out.seq = integer(row[first + 1]);
  out.rev = integer(row[first + 2]);
  out.sender_id = ulid(row[first + 3]);
  out.client_msg_id = text(row[first + 4]);
  out.deleted = boolean(row[first + 12]);
  if (!out.deleted) out.content = text(row[first + 5]);
  out.type = static_cast<domain::MessageType>(integer(row[first + 6]));
  if (!row[first + 7].is_null()) out.media_id = ulid(row[first + 7]);
  if (!row[first + 8].is_null()) out.reply_to_seq = integer(row[first + 8]);
  out.mentions = ulids(row[first + 9]);
  out.created_at = integer(row[first + 10]);
  if (!row[first + 11].is_null()) out.edited_at = integer(row[first + 11]);
  return out;
}

domain::Head head(const pqxx::row& row, int first, const base::Ulid& conversation) {
  return {conversation, integer(row[first]), integer(row[first + 1]), integer(row[first + 2]),
          static_cast<std::int32_t>(integer(row[first + 3]))};
}

std::string array_of(const std::vector<base::Ulid>& ids) {
  io::postgres::ArrayLiteral literal;
  for (const auto& id : ids) literal.add(id.uuid_text());
  return literal.take();
}

std::string array_of(const std::vector<std::uint16_t>& buckets) {
  io::postgres::ArrayLiteral literal;
  for (auto bucket : buckets) literal.add(std::int64_t{bucket});
  return literal.take();
}

}  // namespace chat::adapters
