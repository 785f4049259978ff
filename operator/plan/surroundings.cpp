#include "operator/plan/surroundings.hpp"

#include <algorithm>
#include <cstdlib>

namespace chatop::plan {

using ports::Finding;

namespace {

constexpr std::int64_t kMi = 1024 * 1024;
constexpr std::int64_t kFullBytes = 32 * kMi;  // two segments of a shard's log
constexpr std::int64_t kAlmostFullBytes = 2048 * kMi;
constexpr std::int64_t kAlmostFullPart = 20;            // a twentieth
constexpr std::int64_t kEvictionsSaidMs = 60'000;       // after the last one
constexpr std::int64_t kClockStepSaidMs = 15 * 60'000;  // until the last access token from before it has ended

std::string joined_words(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

void find_full_disks(const Context& context, std::vector<Finding>& found) {
  for (const auto& disk : context.seen.platform.disks) {
    const std::string what = "the disk of " + disk.path + " (" + joined_words(disk.holds) + ")";
    const bool shards =
        std::any_of(disk.holds.begin(), disk.holds.end(), [](const auto& each) { return each.starts_with("shard-"); });
    if (disk.free_bytes < kFullBytes) {
      found.push_back({"DiskFull", what + " is full, less than 32 MiB are left: " +
                                       (shards ? "what is sent to its shards waits and is not acknowledged"
                                               : "what would be written there is lost or waits") +
                                       "; make room on it, the rest comes by itself"});
    } else if (disk.free_bytes < kAlmostFullBytes && disk.free_bytes < disk.total_bytes / kAlmostFullPart) {
      found.push_back(
          {"DiskAlmostFull", what + " is almost full, less than 5 % is left: make room on it or move to a larger one"});
    }
  }
}

void find_used_up_connections(const Context& context, std::vector<Finding>& found) {
  for (const auto& [name, shard] : context.seen.shards) {
    if (!shard.report || shard.report->most_connections <= 0) continue;
    if (shard.report->connections < shard.report->most_connections) continue;
    const auto& most_by = shard.report->most_by;
    found.push_back({"ConnectionsUsedUp", name + " has no connection left, most are held by " +
                                              (most_by.empty() ? "a program that gives no name" : '"' + most_by + '"') +
                                              ": whoever connects now is refused and tries again; end those, or raise "
                                              "spec.shards.maxConnections"});
  }
}

void find_refused_logins(const Context& context, std::vector<Finding>& found) {
  for (const auto& [name, shard] : context.seen.shards) {
    if (shard.report && !shard.report->login_problem.empty())
      found.push_back({"LoginRefused", name + " refuses the daemons' password, which is being set again: " +
                                           shard.report->login_problem});
  }
}

void find_troubled_redis(const Context& context, std::vector<Finding>& found) {
  if (!context.seen.redis_answers) return;
  const auto& redis = context.seen.redis;
  if (!redis.takes_writes)
    found.push_back({"RedisFull",
                     "redis has used up its memory and refuses writes: messages are stored and delivered, but presence "
                     "gets old and each gateway keeps limits alone; raise spec.redis.memory, or find what fills it "
                     "(chatctl logs redis)"});
  if (redis.evicted_at_ms > 0 && context.seen.now_ms - redis.evicted_at_ms < kEvictionsSaidMs)
    found.push_back({"RedisEvicts",
                     "redis has used up its memory and drops keys: messages are stored and delivered, but someone's "
                     "presence or limit may start anew; raise spec.redis.memory"});
  if (redis.slow)
    found.push_back({"RedisSlow",
                     "redis needs more than 250 ms for an answer: messages do not wait for it, signing on and limits "
                     "do; see what its machine is busy with"});
}

void find_stepped_clock(const Context& context, std::vector<Finding>& found) {
  const auto& seen = context.seen;
  if (seen.clock_step_at_ms == 0 || seen.now_ms - seen.clock_step_at_ms >= kClockStepSaidMs) return;
  const auto seconds =
      std::to_string((std::abs(seen.clock_step_ms) + 500) / 1000);  // two clocks are read one after the other
  found.push_back(
      {"ClockStepped",
       "the clock of this machine was set " + seconds + " s " + (seen.clock_step_ms > 0 ? "forward" : "back") +
           ": messages keep their order and open connections stay; access tokens from before may be refused "
           "and clients then refresh them; keep the clock with NTP"});
}

void find_taken_ports(const Context& context, std::vector<Finding>& found) {
  for (const auto& port : context.seen.platform.taken_ports) {
    found.push_back({"PortTaken", "port " + std::to_string(port.was) + " of the " + port.key + " is held by " +
                                      (port.holder.empty() ? "another program" : port.holder) +
                                      ": the address is now " + "127.0.0.1:" + std::to_string(port.is) +
                                      "; tell the people who use it, and this ends when that program does"});
  }
}

// What several daemons say alike is said once.
void find_what_daemons_say(const Context& context, std::vector<Finding>& found) {
  for (const auto& process : context.seen.platform.processes) {
    const auto* report = context.is_wanted(process.name) ? context.live_report(process) : nullptr;
    if (report == nullptr) continue;
    for (const auto& finding : report->findings) {
      if (std::find(found.begin(), found.end(), finding) == found.end()) found.push_back(finding);
    }
  }
}

bool names(const std::vector<std::string>& lines, const char* words) {
  return std::any_of(lines.begin(), lines.end(),
                     [words](const auto& line) { return line.find(words) != std::string::npos; });
}

}  // namespace

std::vector<Finding> find_surroundings(const Context& context) {
  std::vector<Finding> found;
  find_full_disks(context, found);
  find_used_up_connections(context, found);
  find_refused_logins(context, found);
  find_troubled_redis(context, found);
  find_taken_ports(context, found);
  find_stepped_clock(context, found);
  find_what_daemons_say(context, found);
  return found;
}

std::string crash_reason(const std::vector<std::string>& last_lines) {
  if (names(last_lines, "No space left on device")) return "DiskFull";
  if (names(last_lines, "Permission denied")) return "NoPermission";
  if (names(last_lines, "Address already in use")) return "PortTaken";
  return "CrashLoop";
}

std::string telling_line(const std::vector<std::string>& last_lines) {
  if (last_lines.empty()) return {};
  for (auto line = last_lines.rbegin(); line != last_lines.rend(); ++line) {
    for (const char* mark : {"PANIC", "FATAL", "\"level\":\"error\""}) {
      if (line->find(mark) != std::string::npos) return *line;
    }
  }
  return last_lines.back();
}

}  // namespace chatop::plan
