#pragma once
#include "dataplane/io/redis/client.hpp"
#include "dataplane/ports/bus.hpp"

namespace chat::adapters {

// PUBLISH on Redis, pipelined. `client` is started and stopped by its owner, and outlives this. On its thread.
class RedisPublisher final : public ports::Publisher {
 public:
  explicit RedisPublisher(io::redis::Client& client) : client_(client) {}
  void publish(const std::vector<std::string>& channels, std::string_view payload,
               std::function<void(bool)> done) override;

 private:
  io::redis::Client& client_;
};

}  // namespace chat::adapters
