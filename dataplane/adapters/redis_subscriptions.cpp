#include "dataplane/adapters/redis_subscriptions.hpp"

namespace chat::adapters {

RedisSubscriptions::RedisSubscriptions(boost::asio::any_io_executor executor, const base::Log& log,
                                       io::redis::Options options, Hooks hooks)
    : subscriber_(std::move(executor), log, std::move(options), std::move(hooks.on_event), std::move(hooks.on_ready),
                  std::move(hooks.on_lost)) {}

}  // namespace chat::adapters
