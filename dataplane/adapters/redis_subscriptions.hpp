#pragma once
#include "dataplane/io/redis/client.hpp"
#include "dataplane/ports/bus.hpp"

namespace chat::adapters {

// The bus as a gateway hears it. Started and stopped by its owner; all callbacks on the executor's thread.
class RedisSubscriptions final : public ports::Subscriptions {
 public:
  struct Hooks {
    std::function<void(std::string_view channel, std::string_view event)> on_event;  // a serialised pb::BusEvent
    std::function<void()> on_ready;  // everything is subscribed (again): what came in between was missed
    std::function<void()> on_lost;
  };
  RedisSubscriptions(boost::asio::any_io_executor executor, const base::Log& log, io::redis::Options options,
                     Hooks hooks);
  void start() { subscriber_.start(); }
  [[nodiscard]] base::Task<> stop() { return subscriber_.stop(); }
  [[nodiscard]] bool connected() const { return subscriber_.connected(); }

  void subscribe(const std::string& channel) override { subscriber_.subscribe(channel); }
  void unsubscribe(const std::string& channel) override { subscriber_.unsubscribe(channel); }
  base::Task<base::Status> settled() override { return subscriber_.settled(); }

 private:
  io::redis::Subscriber subscriber_;
};

}  // namespace chat::adapters
