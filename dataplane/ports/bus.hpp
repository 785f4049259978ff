#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.hpp"
#include "dataplane/base/task.hpp"
#include "dataplane/base/ulid.hpp"

namespace chat::ports {

// Fan-out between processes: may lose (I4 heals it), never blocks a send. Channels: user:{id}, conv:{id}.
class Publisher {
 public:
  virtual ~Publisher() = default;
  // `done(false)` where some publish is known to have failed: the caller then uses the direct streams. Called once, on
  // the executor, maybe before publish() returns.
  virtual void publish(const std::vector<std::string>& channels, std::string_view payload,
                       std::function<void(bool)> done) = 0;
};

class Subscriptions {
 public:
  virtual ~Subscriptions() = default;
  virtual void subscribe(const std::string& channel) = 0;
  virtual void unsubscribe(const std::string& channel) = 0;
  // Waits until subscriptions asked for so far are in force; an error where the bus is away (delivery then comes over
  // the direct streams and the comparing of heads).
  virtual base::Task<base::Status> settled() = 0;
};

struct Channel {
  bool of_user = false;  // else of a conversation
  base::Ulid id;
};
[[nodiscard]] std::string inline user_channel(std::string_view user) { return "user:" + std::string(user); }
[[nodiscard]] std::string inline conversation_channel(std::string_view id) { return "conv:" + std::string(id); }
// nullopt: not a name that one of the two makes.
[[nodiscard]] inline std::optional<Channel> parse_channel(std::string_view name) {
  const auto kind = name.substr(0, name.find(':'));
  if (kind.size() == name.size() || (kind != "user" && kind != "conv")) return std::nullopt;
  auto id = base::Ulid::parse(name.substr(kind.size() + 1));
  return id ? std::optional(Channel{kind == "user", *id}) : std::nullopt;
}

}  // namespace chat::ports
