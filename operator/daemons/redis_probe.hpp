#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "dataplane/io/redis/client.hpp"
#include "operator/daemons/trusted.hpp"
#include "operator/ports/platform.hpp"

namespace chatop::daemons {

struct RedisAccess {
  chat::base::HostPort where;
  std::string password;
  ports::Trust trust = {};
  // Of before it was changed: a Redis that knows only this one is told the new one, and both count until the new one
  // has reached everybody. May be empty.
  std::string earlier_password = {};
};

// Asks one Redis how it is, over a connection that is kept. One thread; await stop() before it goes.
class RedisProbe {
 public:
  // `files_reach`: a changed file of a Pod has reached it by then.
  RedisProbe(boost::asio::any_io_executor executor, const chat::base::Log& log,
             std::chrono::seconds files_reach = std::chrono::seconds(ports::kFilesReachSeconds))
      : executor_(std::move(executor)), log_(log), files_reach_(files_reach) {}
  [[nodiscard]] chat::base::Task<ports::RedisReport> ask(RedisAccess access);
  [[nodiscard]] chat::base::Task<> stop();

 private:
  [[nodiscard]] bool is_for(const RedisAccess& access) const;
  [[nodiscard]] chat::io::redis::Options options(const std::string& password) const;
  [[nodiscard]] bool begin(RedisAccess access);
  [[nodiscard]] chat::base::Task<> connected(const chat::io::redis::Client& client);
  [[nodiscard]] chat::base::Task<> tell_password();
  [[nodiscard]] chat::base::Task<> forget_earlier_password();
  [[nodiscard]] chat::base::Task<> renew_certificate(std::int64_t since);
  boost::asio::any_io_executor executor_;
  const chat::base::Log& log_;
  std::chrono::seconds files_reach_;
  Secure secure_;  // outlives the client
  std::unique_ptr<chat::io::redis::Client> client_;
  RedisAccess access_;
  std::optional<std::chrono::steady_clock::time_point> both_until_;  // the earlier password counts until then
  std::int64_t renewed_for_ = 0;                                     // Trust::since
};

}  // namespace chatop::daemons
