#include "dataplane/adapters/redis_rate_limiter.hpp"

#include <algorithm>
#include <charconv>

#include "dataplane/io/redis/script.hpp"

namespace chat::adapters {
namespace {

constexpr std::size_t kMostKeysHere = 100'000;

// The rule of domain::TokenBucket, by Redis's clock. Answers the milliseconds to wait, 0 where it is allowed.
constexpr const char* kTake = R"(
local rate = tonumber(ARGV[1]) / 60000
local burst = tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'since')
local since = math.min(tonumber(kept[2]) or now, now)
local tokens = math.min(burst, (tonumber(kept[1]) or burst) + (now - since) * rate)
local wait = 0
if tokens >= 1 then tokens = tokens - 1 else wait = math.ceil((1 - tokens) / rate) end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'since', string.format('%d', now))
redis.call('PEXPIRE', KEYS[1], string.format('%d', math.ceil(burst / rate) + 1000))
return wait
)";

// A bucket that is gone is full.
constexpr const char* kGiveBack = R"(
local tokens = tonumber(redis.call('HGET', KEYS[1], 'tokens'))
if tokens then
  redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', math.min(tonumber(ARGV[1]), tokens + 1)))
end
return 0
)";

const io::redis::Script& take_script() {
  static const io::redis::Script script(kTake);
  return script;
}

const io::redis::Script& give_back_script() {
  static const io::redis::Script script(kGiveBack);
  return script;
}

std::string number(double value) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, 6).ptr;
  return {text, end};
}

}  // namespace

base::Task<ports::RateLimiter::Decision> RedisRateLimiter::take(std::string key, double per_minute,
                                                                std::int64_t burst) {
  Decision decision;
  if (per_minute <= 0) co_return decision;
  const auto most = std::max<std::int64_t>(burst, 1);
  std::vector<std::string> keys{"limit:" + key};
  std::vector<std::string> arguments{number(per_minute), std::to_string(most)};
  auto reply = co_await take_script().run(client_, std::move(keys), std::move(arguments));
  if (!reply) co_return take_here(key, per_minute, most);
  decision.allowed = reply->integer == 0;
  decision.retry_after = std::chrono::milliseconds(reply->integer);
  co_return decision;
}

base::Task<> RedisRateLimiter::give_back(std::string key, double per_minute, std::int64_t burst) {
  if (per_minute <= 0) co_return;
  const auto most = std::max<std::int64_t>(burst, 1);
  std::vector<std::string> keys{"limit:" + key};
  std::vector<std::string> arguments{std::to_string(most)};
  auto reply = co_await give_back_script().run(client_, std::move(keys), std::move(arguments));
  if (reply) co_return;
  if (auto bucket = here_.find(key); bucket != here_.end()) bucket->second.give_back(most);
}

ports::RateLimiter::Decision RedisRateLimiter::take_here(const std::string& key, double per_minute,
                                                         std::int64_t burst) {
  // At the bound some key is forgotten and starts full again: the limit is looser then, never gone.
  if (here_.size() >= kMostKeysHere && !here_.contains(key)) here_.erase(here_.begin());
  const auto decision = here_[key].take(per_minute, burst, clock_.steady());
  return {decision.allowed, decision.retry_after};
}

}  // namespace chat::adapters
