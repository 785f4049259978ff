#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "dataplane/base/clock.hpp"

namespace chatop::kubernetes {

enum class Urgency { change, resync };  // what really changed goes before what is only looked at again

// How the work on a key ended.
struct Outcome {
  enum class Kind {
    done,   // until it is added again
    later,  // again after `after`: nothing failed
    retry,  // again after a pause that doubles with each failure in a row
    ended   // trying again does not help: until it is added again
  };
  Kind kind = Kind::done;
  std::chrono::milliseconds after{0};
};

// Which key is worked on next. Pure: the time is an argument. A key waits at most once; while it is worked on it is
// given to nobody else, and when it was added meanwhile it is due again afterwards.
class WorkOrder {
 public:
  explicit WorkOrder(std::size_t most_keys) : most_keys_(most_keys) {}

  // False: there are too many keys; the caller looks at everything again later.
  [[nodiscard]] bool add(const std::string& key, Urgency urgency, chat::base::SteadyTime when,
                         chat::base::SteadyTime now);
  // The key to work on, which is then being worked on until finish().
  [[nodiscard]] std::optional<std::string> take(chat::base::SteadyTime now);
  void finish(const std::string& key, Outcome outcome, double jitter, chat::base::SteadyTime now);
  // When take() has something, if nothing is added before; nullopt: never.
  [[nodiscard]] std::optional<chat::base::SteadyTime> next(chat::base::SteadyTime now) const;
  [[nodiscard]] std::size_t size() const { return waiting_.size() + working_.size(); }

 private:
  struct Waiting {
    Urgency urgency = Urgency::resync;
    chat::base::SteadyTime due;
    std::uint64_t number = 0;  // those of one urgency in the order they came
  };
  void put(const std::string& key, Urgency urgency, chat::base::SteadyTime due);
  void promote(chat::base::SteadyTime now);

  std::size_t most_keys_;
  std::uint64_t numbers_ = 0;
  std::map<std::string, Waiting> waiting_;
  std::set<std::pair<chat::base::SteadyTime, std::string>> delayed_;  // not due yet
  std::map<std::pair<Urgency, std::uint64_t>, std::string> due_;      // in the order of take()
  std::map<std::string, std::optional<Waiting>> working_;             // and what was added meanwhile
  std::map<std::string, unsigned> failures_;                          // in a row
};

}  // namespace chatop::kubernetes
