#pragma once
#ifdef CHATCLUSTER_PLANT_FAULTS
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <thread>
#include <utility>
#endif

namespace chat::base {

// Faults planted on purpose, so that the judge (tests/judge) can prove that it finds them. In what ships there is none:
// these functions do nothing, at compile time, and every hook falls away. Only the target `planted_daemons`, which
// tests build, defines CHATCLUSTER_PLANT_FAULTS; there a file, named by CHATCLUSTER_FAULT_FILE in the environment,
// names one of them, or none.
enum class Fault {
  ack_before_commit,           // senders are answered while the batch can still be rolled back
  publish_before_commit,       // members are told so early, senders are not
  unknown_outcome_acked,       // what became of the commit is not looked at
  retry_answered_anew,         // a repeat gets another answer than the first one
  lost_publish_not_filled,     // publishes are lost, and gateways go on after the gap
  two_swapped_for_one_device,  // one device gets two messages the wrong way round
  removed_member_served,       // who was removed goes on getting what comes
  sync_skips_one,              // what a sync brings has a hole
};

#ifndef CHATCLUSTER_PLANT_FAULTS
constexpr bool planted(Fault /*fault*/, unsigned /*every*/ = 1) { return false; }
constexpr void planted_before_write(auto& /*connection*/) {}
constexpr void planted_after_write(auto& /*connection*/) {}
constexpr bool planted_later(const auto& /*executor*/, const auto& /*done*/, const auto& /*ack*/) { return false; }
constexpr bool planted_jump(auto& /*stream*/) { return false; }
constexpr bool planted_swap(const auto& /*who*/, const auto& /*what*/, const auto& /*give*/) { return false; }
#else
// True each `every`th time that somebody asks for the fault that is planted. tests/judge/planted.cpp has it.
bool planted(Fault fault, unsigned every = 1);

// The batch is in a transaction that the next batch ends, or whose end is not looked at.
void planted_before_write(auto& connection) {
  static thread_local bool open = false;  // a shard's writer has a thread of its own
  if (std::exchange(open, false)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // so long they know what may still be undone
    (void)connection.execute("commit");
  }
  const bool early = planted(Fault::ack_before_commit) || planted(Fault::publish_before_commit);
  if (early || planted(Fault::unknown_outcome_acked)) (void)connection.execute("begin");
  open = early;
}
void planted_after_write(auto& connection) {
  if (!planted(Fault::unknown_outcome_acked)) return;
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  (void)connection.execute("commit");
}

// The answer follows when the commit should be done.
bool planted_later(const auto& executor, const auto& done, const auto& ack) {
  if (!planted(Fault::publish_before_commit)) return false;
  auto timer = std::make_shared<boost::asio::steady_timer>(executor, std::chrono::milliseconds(100));
  timer->async_wait([timer, done, ack](const auto&) { done(ack); });
  return true;
}

// Past a gap, as if what is missing had been delivered.
bool planted_jump(auto& stream) {
  if (!planted(Fault::lost_publish_not_filled)) return false;
  stream.start(stream.first_held().value_or(stream.delivered() + 2) - 1, stream.seq());
  return true;
}

// Keeps back what is given now and then, for one `who` at a time, and gives it after what comes next.
template <class Who, class What>
bool planted_swap(const Who& who, const What& what, const auto& give) {
  static Who victim{};
  static What kept{};
  if (kept && who == victim) {
    give(what);
    give(kept);
    kept = What{};
    return true;
  }
  if (!planted(Fault::two_swapped_for_one_device, kept ? 500 : 20)) return false;
  if (std::exchange(kept, What{})) return false;  // that one never came back
  victim = who;
  kept = what;
  return true;
}
#endif

}  // namespace chat::base
