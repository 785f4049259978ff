// Which fault is planted in this daemon at this moment: only in the target `planted_daemons`.
#include "dataplane/base/planted.hpp"

#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <string>
#include <string_view>

namespace chat::base {
namespace {

using std::chrono::steady_clock;

constexpr std::array<std::string_view, 8> kNames{
    "ack_before_commit",       "publish_before_commit",      "unknown_outcome_acked", "retry_answered_anew",
    "lost_publish_not_filled", "two_swapped_for_one_device", "removed_member_served", "sync_skips_one"};
constexpr std::chrono::milliseconds kReadAgain{100};

std::string chosen() {
  const char* file = std::getenv("CHATCLUSTER_FAULT_FILE");  // NOLINT(concurrency-mt-unsafe): nobody changes it
  std::string name;
  if (file != nullptr) std::ifstream(file) >> name;
  return name;
}

}  // namespace

bool planted(Fault fault, unsigned every) {
  static std::mutex mutex;
  static std::string name;
  static steady_clock::time_point read_again{};
  static unsigned asked = 0;
  const std::lock_guard lock(mutex);
  if (const auto now = steady_clock::now(); now >= read_again) {
    name = chosen();
    read_again = now + kReadAgain;
  }
  return name == kNames.at(static_cast<std::size_t>(fault)) && ++asked % every == 0;
}

}  // namespace chat::base
