#include "dataplane/base/open_files.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace chat::base {
namespace {

constexpr std::size_t kKept = 128;

}  // namespace

std::size_t open_files_limit() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<std::size_t>(limit.rlim_cur) : 1024;
}

void raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::size_t files_for_connections() {
  const auto limit = open_files_limit();
  return limit - std::min(kKept, limit / 4);
}

}  // namespace chat::base
