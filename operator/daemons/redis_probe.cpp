#include "operator/daemons/redis_probe.hpp"

#include <cstdlib>
#include <ctime>
#include <string_view>

namespace chatop::daemons {

using chat::base::HostPort;
using chat::base::Task;

namespace {

constexpr auto kConnects = std::chrono::milliseconds(1000);
constexpr auto kLookAgain = std::chrono::milliseconds(10);

// Of a line of Redis's INFO.
std::int64_t number_of(const std::string& info, std::string_view key) {
  const auto at = info.find(key);
  return at == std::string::npos ? 0 : std::strtoll(info.c_str() + at + key.size(), nullptr, 10);
}

}  // namespace

bool RedisProbe::is_for(const HostPort& where, const std::string& password, const ports::Trust& trust) const {
  return where_.host == where.host && where_.port == where.port && password_ == password && trust_.ca == trust.ca &&
         trust_.host == trust.host;
}

Task<ports::RedisReport> RedisProbe::ask(HostPort where, std::string password, ports::Trust trust) {
  ports::RedisReport report;
  if (client_ && !is_for(where, password, trust)) co_await stop();
  if (!client_) {
    auto made = secure(executor_, log_, trust);
    if (!made) co_return report;
    secure_ = std::move(*made);
    chat::io::redis::Options options;
    options.where = where;
    options.password = password;
    options.secure = secure_.get();
    password_ = std::move(password);
    trust_ = trust;
    client_ = std::make_unique<chat::io::redis::Client>(executor_, log_, options);
    where_ = std::move(where);
    client_->start();
    co_await connected();
  }
  const auto asked = std::chrono::steady_clock::now();
  std::vector<std::string> write{"SET", "operator:probe", "1", "PX", "10000"};
  auto written = co_await client_->command(std::move(write));
  const auto took = std::chrono::steady_clock::now() - asked;
  report.round_trip_ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  // "OOM command not allowed when used memory > 'maxmemory'": it is there, and full.
  const bool full = !written && written.error().message.find("OOM") != std::string::npos;
  if (!written && !full) co_return report;
  report.takes_writes = !full;
  std::vector<std::string> ask{"INFO", "stats"};
  auto stats = co_await client_->command(std::move(ask));
  report.answers = stats.has_value();
  if (stats) report.evicted_keys = number_of(stats->string, "evicted_keys:");
  if (trust.since != 0) co_await renew(std::move(trust));
  co_return report;
}

// Redis reads its certificate when it is told where it is, the same place included.
Task<> RedisProbe::renew(ports::Trust trust) {
  if (renewed_for_ == trust.since || std::time(nullptr) < trust.since + ports::kFilesReachSeconds) co_return;
  const std::string setting = "tls-cert-file";
  std::vector<std::string> ask{"CONFIG", "GET", setting};
  auto place = co_await client_->command(std::move(ask));
  if (!place || place->array.size() != 2) co_return;
  std::vector<std::string> tell{"CONFIG", "SET", setting, place->array[1].string};
  auto told = co_await client_->command(std::move(tell));
  if (told)
    renewed_for_ = trust.since;
  else
    log_.warn("redis_certificate_not_renewed", {{"host", where_.host}, {"error", told.error().message}});
}

// Until then every command would fail at once, and a Redis that is well be called away. The client tells nobody.
Task<> RedisProbe::connected() {
  boost::asio::steady_timer timer(executor_);
  const auto deadline = std::chrono::steady_clock::now() + kConnects;
  while (client_ && !client_->connected() && std::chrono::steady_clock::now() < deadline)
    (void)co_await chat::base::sleep_until(timer, std::chrono::steady_clock::now() + kLookAgain);
}

Task<> RedisProbe::stop() {
  if (client_) co_await client_->stop();
  client_.reset();
  secure_.reset();
}

}  // namespace chatop::daemons
