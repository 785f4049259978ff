#include "dataplane/adapters/redis_presence.hpp"

#include "dataplane/io/redis/script.hpp"

namespace chat::adapters {
namespace {

// KEYS: conn, presence. ARGV: connection, gateway (empty: it goes). Answers how many connections are alive. A status
// the user has set, such as away, stays as it is.
constexpr const char* kTouch = R"(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[2] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. '|' .. string.format('%d', now + 90000))
end
local fields = redis.call('HGETALL', KEYS[1])
local alive = 0
for i = 1, #fields, 2 do
  local expiry = tonumber(string.match(fields[i + 1], '|(%d+)$'))
  if expiry and expiry > now then alive = alive + 1 else redis.call('HDEL', KEYS[1], fields[i]) end
end
if alive == 0 then
  redis.call('DEL', KEYS[2])
else
  redis.call('EXPIRE', KEYS[1], 300)
  if not redis.call('SET', KEYS[2], 'online', 'EX', 60, 'NX') then redis.call('EXPIRE', KEYS[2], 60) end
end
return alive
)";

const io::redis::Script& touch() {
  static const io::redis::Script script(kTouch);
  return script;
}

std::vector<std::string> keys_of(const base::Ulid& user) {
  const auto id = user.text();
  return {"user:" + id + ":conn", "user:" + id + ":presence"};
}

}  // namespace

base::Task<base::Result<std::int64_t>> RedisPresence::connected(base::Ulid user, std::string connection,
                                                                std::string gateway) {
  auto keys = keys_of(user);
  std::vector<std::string> arguments{std::move(connection), std::move(gateway)};
  auto reply = co_await touch().run(client_, std::move(keys), std::move(arguments));
  if (!reply) co_return base::fail(reply.error());
  co_return std::int64_t{reply->integer};
}

void RedisPresence::disconnected(base::Ulid user, std::string connection) {
  touch().begin(client_, keys_of(user), {std::move(connection), ""});
}

void RedisPresence::refresh(base::Ulid user, std::string connection, std::string gateway) {
  touch().begin(client_, keys_of(user), {std::move(connection), std::move(gateway)});
}

}  // namespace chat::adapters
