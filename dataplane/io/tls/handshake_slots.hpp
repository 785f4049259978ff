#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "dataplane/base/clock.hpp"

namespace chat::io::tls {

// How many handshakes a server has under way. When all slots are taken, a new one takes that of the oldest, if that has
// had its time (an honest one is through in a few round trips): whoever opens connections and says nothing holds no
// slot for long. Else it is refused; but who asks full() before accepting leaves a crowd to wait in the kernel's queue.
// One thread.
class HandshakeSlots {
 public:
  static constexpr std::size_t kMost = 512;
  static constexpr std::chrono::milliseconds kOwnTime{1000};

  // One handshake under way, for as long as it lives.
  class Slot {
   public:
    Slot(HandshakeSlots& slots, std::uint64_t number) : slots_(&slots), number_(number) {}
    ~Slot() {
      if (slots_ != nullptr) slots_->taken_.erase(number_);
    }
    Slot(Slot&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)), number_(other.number_) {}
    Slot& operator=(Slot&&) = delete;
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

   private:
    HandshakeSlots* slots_;
    std::uint64_t number_;
  };

  explicit HandshakeSlots(std::size_t most = kMost) : most_(most) {}

  // `give_up` ends the handshake soon; called at most once, while the slot lives. Nullopt: there is no slot.
  [[nodiscard]] std::optional<Slot> take(base::SteadyTime now, std::function<void()> give_up) {
    if (full(now)) return std::nullopt;
    if (taken_.size() >= most_) {
      const auto oldest = taken_.begin();
      auto end_it = std::move(oldest->second.give_up);
      taken_.erase(oldest);
      end_it();
    }
    taken_.emplace(next_, Entry{now, std::move(give_up)});
    return Slot(*this, next_++);
  }
  // take() would refuse.
  [[nodiscard]] bool full(base::SteadyTime now) const {
    return taken_.size() >= most_ && (taken_.empty() || now - taken_.begin()->second.since < kOwnTime);
  }
  [[nodiscard]] std::size_t size() const { return taken_.size(); }

 private:
  struct Entry {
    base::SteadyTime since;
    std::function<void()> give_up;
  };
  std::size_t most_;
  std::map<std::uint64_t, Entry> taken_;  // the oldest first
  std::uint64_t next_ = 0;
};

}  // namespace chat::io::tls
