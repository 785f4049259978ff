#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/json.hpp"

namespace chatop::kubernetes {

// How long a lease holds. The difference between `lease` and `act` is what a write that was begun in time may still
// take: nobody else begins before. A leader that is killed is replaced after `lease` + `look` at the latest.
struct LeaseTerms {
  std::chrono::milliseconds lease{9'000};   // others wait so long after the last renewal that they see
  std::chrono::milliseconds act{6'000};     // the holder acts so long after it sent its last renewal
  std::chrono::milliseconds renew{2'000};   // how often it renews
  std::chrono::milliseconds look{1'000};    // how often a candidate looks
  std::chrono::milliseconds answer{2'000};  // how long one request may take
};

struct LeaseRecord {
  std::string holder;  // empty: nobody's, released
  std::chrono::seconds duration{0};
  std::int64_t transitions = 0;  // how often it changed hands: the epoch of who holds it
  std::string acquired;          // times are for people: no clock is compared with another machine's
  std::string renewed;
  std::string resource_version;
};
[[nodiscard]] LeaseRecord lease_record(const chat::base::Json& lease);
// The object to write in the place of `before` (null: to create).
[[nodiscard]] chat::base::Json lease_object(const chat::base::Json& before, const std::string& name_space,
                                            const std::string& name, const LeaseRecord& record);

// Who leads, as one candidate may conclude it. Pure: `now` is this machine's steady clock, and only what it showed
// between two moments counts, so that clocks of machines may differ. Identities are of one process each.
class LeaseView {
 public:
  LeaseView(std::string identity, LeaseTerms terms) : identity_(std::move(identity)), terms_(terms) {}

  // What was read; nullopt: there is none. A holder that is somebody else's record takes our hold away.
  void seen(std::optional<LeaseRecord> record, chat::base::SteadyTime now);
  // Our write was answered with `record`. It was sent at `sent`: the hold counts from there.
  void written(LeaseRecord record, chat::base::SteadyTime sent, chat::base::SteadyTime now);
  void released() { hold_.reset(); }

  enum class Step { wait, acquire, renew };
  [[nodiscard]] Step next(chat::base::SteadyTime now) const;
  // What to write for that step; `time` is for people (lease_time()).
  [[nodiscard]] LeaseRecord wanted(Step step, const std::string& time) const;
  [[nodiscard]] LeaseRecord wanted_release(const std::string& time) const;

  // The fence: from this moment on no write of ours is under way, and none begins.
  [[nodiscard]] chat::base::SteadyTime writes_until() const;
  [[nodiscard]] bool leads(chat::base::SteadyTime now) const { return now < writes_until(); }
  [[nodiscard]] std::int64_t epoch() const { return hold_ ? hold_->epoch : 0; }
  [[nodiscard]] const std::optional<LeaseRecord>& record() const { return record_; }

 private:
  struct Hold {
    std::int64_t epoch = 0;
    chat::base::SteadyTime sent;
  };
  std::string identity_;
  LeaseTerms terms_;
  std::optional<LeaseRecord> record_;
  chat::base::SteadyTime unchanged_since_{};
  std::optional<Hold> hold_;
};

// 2026-01-02T03:04:05.678000Z, as Leases want their times.
[[nodiscard]] std::string lease_time(std::int64_t milliseconds);

}  // namespace chatop::kubernetes
