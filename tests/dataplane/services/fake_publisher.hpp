#pragma once
#include <string>
#include <utility>
#include <vector>

#include "dataplane/ports/bus.hpp"

namespace chat::testing {

// A bus that remembers what was published, or loses it and says so while it is away.
class FakePublisher final : public ports::Publisher {
 public:
  void publish(const std::vector<std::string>& channels, std::string_view payload,
               std::function<void(bool)> done) override {
    if (!away) published.emplace_back(channels, std::string(payload));
    done(!away);
  }
  bool away = false;
  std::vector<std::pair<std::vector<std::string>, std::string>> published;
};

}  // namespace chat::testing
