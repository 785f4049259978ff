#include "operator/daemons/redis_probe.hpp"

#include <cstdlib>
#include <ctime>
#include <string_view>

namespace chatop::daemons {

using chat::base::Task;
using Steady = std::chrono::steady_clock;

namespace {

constexpr auto kConnects = std::chrono::milliseconds(1000);
constexpr auto kLookAgain = std::chrono::milliseconds(10);

// Of a line of Redis's INFO.
std::int64_t number_of(const std::string& info, std::string_view key) {
  const auto at = info.find(key);
  return at == std::string::npos ? 0 : std::strtoll(info.c_str() + at + key.size(), nullptr, 10);
}

}  // namespace

bool RedisProbe::is_for(const RedisAccess& access) const {
  return access_.where.host == access.where.host && access_.where.port == access.where.port &&
         access_.password == access.password && access_.earlier_password == access.earlier_password &&
         access_.trust.ca == access.trust.ca && access_.trust.host == access.trust.host;
}

chat::io::redis::Options RedisProbe::options(const std::string& password) const {
  chat::io::redis::Options options;
  options.where = access_.where;
  options.password = password;
  options.secure = secure_.get();
  return options;
}

bool RedisProbe::begin(RedisAccess access) {
  auto made = secure(executor_, log_, access.trust);
  if (!made) return false;
  secure_ = std::move(*made);
  access_ = std::move(access);
  both_until_.reset();
  if (!access_.earlier_password.empty()) both_until_ = Steady::now() + files_reach_;
  client_ = std::make_unique<chat::io::redis::Client>(executor_, log_, options(access_.password));
  client_->start();
  return true;
}

Task<ports::RedisReport> RedisProbe::ask(RedisAccess access) {
  ports::RedisReport report;
  if (client_ && !is_for(access)) co_await stop();
  const auto since = access.trust.since;
  if (!client_) {
    if (!begin(std::move(access))) co_return report;
    co_await connected(*client_);
  }
  if (!client_->connected() && !access_.earlier_password.empty()) co_await tell_password();
  const auto asked = Steady::now();
  std::vector<std::string> write{"SET", "operator:probe", "1", "PX", "10000"};
  auto written = co_await client_->command(std::move(write));
  const auto took = Steady::now() - asked;
  report.round_trip_ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  // "OOM command not allowed when used memory > 'maxmemory'": it is there, and full.
  const bool full = !written && written.error().message.find("OOM") != std::string::npos;
  if (!written && !full) co_return report;
  report.takes_writes = !full;
  std::vector<std::string> ask{"INFO", "stats"};
  auto stats = co_await client_->command(std::move(ask));
  report.answers = stats.has_value();
  if (stats) report.evicted_keys = number_of(stats->string, "evicted_keys:");
  co_await forget_earlier_password();
  if (since != 0) co_await renew_certificate(since);
  co_return report;
}

// Where it is away and not only unaware, this finds nobody either.
Task<> RedisProbe::tell_password() {
  chat::io::redis::Client as_before(executor_, log_, options(access_.earlier_password));
  as_before.start();
  co_await connected(as_before);
  std::vector<std::string> tell{"ACL", "SETUSER", "default", ">" + access_.password};
  const auto told = co_await as_before.command(std::move(tell));
  co_await as_before.stop();
  if (!told) co_return;
  both_until_ = Steady::now() + files_reach_;
  log_.info("redis_password_told", {{"host", access_.where.host}});
  co_await connected(*client_);
}

Task<> RedisProbe::forget_earlier_password() {
  if (!both_until_ || Steady::now() < *both_until_) co_return;
  std::vector<std::string> tell{"ACL", "SETUSER", "default", "resetpass", ">" + access_.password};
  auto told = co_await client_->command(std::move(tell));
  if (told)
    both_until_.reset();
  else
    log_.warn("redis_password_not_forgotten", {{"host", access_.where.host}, {"error", told.error().message}});
}

// Redis reads its certificate when it is told where it is, the same place included.
Task<> RedisProbe::renew_certificate(std::int64_t since) {
  if (renewed_for_ == since || std::time(nullptr) < since + ports::kFilesReachSeconds) co_return;
  const std::string setting = "tls-cert-file";
  std::vector<std::string> ask{"CONFIG", "GET", setting};
  auto place = co_await client_->command(std::move(ask));
  if (!place || place->array.size() != 2) co_return;
  std::vector<std::string> tell{"CONFIG", "SET", setting, place->array[1].string};
  auto told = co_await client_->command(std::move(tell));
  if (told)
    renewed_for_ = since;
  else
    log_.warn("redis_certificate_not_renewed", {{"host", access_.where.host}, {"error", told.error().message}});
}

// Until then every command would fail at once, and a Redis that is well be called away. The client tells nobody.
Task<> RedisProbe::connected(const chat::io::redis::Client& client) {
  boost::asio::steady_timer timer(executor_);
  const auto deadline = Steady::now() + kConnects;
  while (!client.connected() && Steady::now() < deadline)
    (void)co_await chat::base::sleep_until(timer, Steady::now() + kLookAgain);
}

Task<> RedisProbe::stop() {
  if (client_) co_await client_->stop();
  client_.reset();
  secure_.reset();
}

}  // namespace chatop::daemons
