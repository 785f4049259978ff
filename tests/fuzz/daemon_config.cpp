// A daemon's own YAML: taken whole with what it needs, or refused with a sentence that names the file.
#include <sys/mman.h>
#include <unistd.h>

#include "dataplane/base/config.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/input.hpp"

namespace {

// load_daemon_config() reads files; this one is in memory.
std::string file_of(std::string_view text) {
  static const int fd = ::memfd_create("config", MFD_CLOEXEC);
  FUZZ_CHECK(fd >= 0 && ::ftruncate(fd, 0) == 0);
  FUZZ_CHECK(::pwrite(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  return "/proc/self/fd/" + std::to_string(fd);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = file_of(chat::fuzz::Input(data, size).rest());
  const auto secret = chat::base::read_secret(file);
  if (secret) FUZZ_CHECK(!secret->empty());
  const auto config = chat::base::load_daemon_config(file);
  if (!config) {
    FUZZ_CHECK(config.error().message.starts_with(file + ": "));
    return 0;
  }
  FUZZ_CHECK(!config->admin.host.empty());
  if (config->shared) FUZZ_CHECK(!config->shared->host.empty());
  return 0;
}
