#pragma once
#include "dataplane/io/redis/client.hpp"
#include "dataplane/ports/presence.hpp"

namespace chat::adapters {

// user:{id}:conn is a hash of connection → "gateway|expiry in milliseconds by Redis's clock": the fields of a gateway
// that died count no more 90 s later. user:{id}:presence lives 60 s from the last refresh, which is due every 30 s.
// `client` is started and stopped by its owner, and outlives this.
class RedisPresence final : public ports::Presence {
 public:
  explicit RedisPresence(io::redis::Client& client) : client_(client) {}
  base::Task<base::Result<std::int64_t>> connected(base::Ulid user, std::string connection,
                                                   std::string gateway) override;
  void disconnected(base::Ulid user, std::string connection) override;
  void refresh(base::Ulid user, std::string connection, std::string gateway) override;

 private:
  io::redis::Client& client_;
};

}  // namespace chat::adapters
