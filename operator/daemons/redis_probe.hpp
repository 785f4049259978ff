#pragma once
#include <memory>
#include <string>

#include "dataplane/io/redis/client.hpp"
#include "operator/daemons/trusted.hpp"
#include "operator/ports/platform.hpp"

namespace chatop::daemons {

// Asks one Redis how it is, over a connection that is kept. One thread; await stop() before it goes.
class RedisProbe {
 public:
  RedisProbe(boost::asio::any_io_executor executor, const chat::base::Log& log)
      : executor_(std::move(executor)), log_(log) {}
  [[nodiscard]] chat::base::Task<ports::RedisReport> ask(chat::base::HostPort where, std::string password,
                                                         ports::Trust trust);
  [[nodiscard]] chat::base::Task<> stop();

 private:
  [[nodiscard]] bool is_for(const chat::base::HostPort& where, const std::string& password,
                            const ports::Trust& trust) const;
  [[nodiscard]] chat::base::Task<> connected();
  [[nodiscard]] chat::base::Task<> renew(ports::Trust trust);
  boost::asio::any_io_executor executor_;
  const chat::base::Log& log_;
  Secure secure_;  // outlives the client
  std::unique_ptr<chat::io::redis::Client> client_;
  chat::base::HostPort where_;
  std::string password_;
  ports::Trust trust_;
  std::int64_t renewed_for_ = 0;  // Trust::since
};

}  // namespace chatop::daemons
