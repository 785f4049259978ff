#pragma once
#include <memory>
#include <string>

#include "dataplane/io/redis/client.hpp"
#include "operator/ports/platform.hpp"

namespace chatop::daemons {

// Asks one Redis how it is, over a connection that is kept. One thread; await stop() before it goes.
class RedisProbe {
 public:
  RedisProbe(boost::asio::any_io_executor executor, const chat::base::Log& log)
      : executor_(std::move(executor)), log_(log) {}
  // With a file of CA certificates: over TLS, with a server whose certificate is of it and names the host.
  [[nodiscard]] chat::base::Task<ports::RedisReport> ask(chat::base::HostPort where, std::string password,
                                                         std::string ca_file = {});
  [[nodiscard]] chat::base::Task<> stop();

 private:
  [[nodiscard]] chat::base::Task<> connected();
  boost::asio::any_io_executor executor_;
  const chat::base::Log& log_;
  std::unique_ptr<chat::io::redis::Client> client_;
  chat::base::HostPort where_;
  std::string password_;
  std::string ca_file_;
  std::unique_ptr<chat::io::tls::Source> secure_;
};

}  // namespace chatop::daemons
