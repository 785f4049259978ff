#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "dataplane/base/clock.hpp"

namespace chat::services {

// What the writes to one shard say of it. Pure: the times are arguments.
//
// Trouble of a shard that has no room ends with a write that succeeds, or a while after the last one that did not: a
// write of nothing (`probed`) succeeds all the time and proves nothing there.
class ShardHealth {
 public:
  static constexpr std::chrono::milliseconds kSlow{250};
  static constexpr unsigned kSlowWrites = 5;            // in a row
  static constexpr std::chrono::seconds kDoubt{10};     // after a write that found no room
  static constexpr std::chrono::seconds kRemember{60};  // slow writes, when none follows
  static constexpr std::chrono::seconds kWorthSaying{3};

  // True where it is news whether the shard can be written to.
  bool wrote(std::chrono::duration<double> took, base::SteadyTime now) {
    slow_ = took > kSlow ? slow_ + 1 : 0;
    wrote_at_ = now;
    doubt_until_.reset();
    return well();
  }
  bool probed(base::SteadyTime now) { return doubt_until_ && now < *doubt_until_ ? false : well(); }
  bool failed(std::string why, bool no_room, base::SteadyTime now) {
    if (no_room) doubt_until_ = now + kDoubt;
    const bool news = trouble_.empty() || !since_;
    if (!since_) since_ = now;
    trouble_ = std::move(why);
    return news;
  }

  [[nodiscard]] const std::string& trouble() const { return trouble_; }  // empty: it can be written to
  // The trouble, once it has lasted for long enough to be told to a person.
  [[nodiscard]] std::string lasting_trouble(base::SteadyTime now) const {
    return since_ && now - *since_ >= kWorthSaying ? trouble_ : std::string();
  }
  [[nodiscard]] bool slow(base::SteadyTime now) const { return slow_ >= kSlowWrites && now - wrote_at_ < kRemember; }

 private:
  bool well() {
    const bool news = !trouble_.empty();
    trouble_.clear();
    since_.reset();
    return news;
  }
  std::string trouble_ = "not proven yet";
  std::optional<base::SteadyTime> since_;  // of trouble that was seen
  std::optional<base::SteadyTime> doubt_until_;
  base::SteadyTime wrote_at_{};
  unsigned slow_ = 0;
};

}  // namespace chat::services
