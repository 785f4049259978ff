#include "dataplane/adapters/redis_publisher.hpp"

#include <memory>

namespace chat::adapters {

void RedisPublisher::publish(const std::vector<std::string>& channels, std::string_view payload,
                             std::function<void(bool)> done) {
  if (channels.empty() || !client_.connected()) return done(channels.empty());
  struct Outcome {
    std::size_t left;
    bool good = true;
    std::function<void(bool)> done;
  };
  auto outcome = std::make_shared<Outcome>(Outcome{channels.size(), true, std::move(done)});  // shared by the answers
  for (const auto& channel : channels) {
    client_.command({"PUBLISH", channel, payload}, [outcome](const base::Result<io::redis::Reply>& reply) {
      outcome->good = outcome->good && reply.has_value();
      if (--outcome->left == 0) outcome->done(outcome->good);
    });
  }
}

}  // namespace chat::adapters
