// Loaded into every process of a test's cluster (LD_PRELOAD): the surroundings that a test can not have otherwise. The
// clock is elsewhere, the disk is slow, an address leads to a proxy, names are not resolved. What holds is read from a
// file of 64-bit numbers that the test maps and changes while everything runs (tests/system/surroundings.py).
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace {

constexpr int kRedirects = 8;

struct Control {
  std::int64_t clock_ms;               // the wall clock, against the machine's: of everything but…
  std::int64_t postgres_clock_ms;      // …PostgreSQL
  std::int64_t flush_ms;               // what a flush to disk takes longer
  std::int64_t slow_shard;             // of this shard's PostgreSQL
  std::int64_t names_fail;             // nothing answers the resolver
  std::int64_t names_asked;            // how often it was asked, by us all
  std::int64_t from_port[kRedirects];  // who connects there gets…
  std::int64_t to_port[kRedirects];    // …this one
};

Control* control = nullptr;
bool is_postgres = false;

template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

__attribute__((constructor)) void open_control() {
  const char* path = std::getenv("CHATCLUSTER_SURROUNDINGS");
  if (path == nullptr) return;
  const int fd = ::open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* mapped = ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  is_postgres = std::strcmp(::program_invocation_short_name, "postgres") == 0;
  if (mapped != MAP_FAILED) control = static_cast<Control*>(mapped);
}

std::int64_t clock_offset() {
  if (control == nullptr) return 0;
  return is_postgres ? control->postgres_clock_ms : control->clock_ms;
}

void wait_for_disk() {
  if (control == nullptr || !is_postgres || control->flush_ms == 0) return;
  char folder[4096];  // a server works in its data directory: …/shard-0
  if (::getcwd(folder, sizeof folder) == nullptr) return;
  const char* dash = std::strrchr(folder, '-');
  if (dash == nullptr || std::strtoll(dash + 1, nullptr, 10) != control->slow_shard) return;
  timespec left{control->flush_ms / 1000, control->flush_ms % 1000 * 1'000'000};
  const int kept = errno;
  while (::nanosleep(&left, &left) != 0 && errno == EINTR) {  // a disk does not hurry for a signal
  }
  errno = kept;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  static const auto next = real<int (*)(clockid_t, timespec*)>("clock_gettime");
  const int answer = next(clock, time);
  if (answer != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return answer;
  time->tv_sec += clock_offset() / 1000;
  return 0;
}

int gettimeofday(timeval* time, void* zone) noexcept {
  static const auto next = real<int (*)(timeval*, void*)>("gettimeofday");
  const int answer = next(time, zone);
  if (answer == 0) time->tv_sec += clock_offset() / 1000;
  return answer;
}

std::time_t time(std::time_t* into) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (into != nullptr) *into = now.tv_sec;
  return now.tv_sec;
}

int fsync(int fd) {
  static const auto next = real<int (*)(int)>("fsync");
  wait_for_disk();
  return next(fd);
}

int fdatasync(int fd) {
  static const auto next = real<int (*)(int)>("fdatasync");
  wait_for_disk();
  return next(fd);
}

int connect(int fd, const sockaddr* address, socklen_t size) {
  static const auto next = real<int (*)(int, const sockaddr*, socklen_t)>("connect");
  sockaddr_in elsewhere{};
  if (control == nullptr || address->sa_family != AF_INET || size < sizeof elsewhere) return next(fd, address, size);
  std::memcpy(&elsewhere, address, sizeof elsewhere);
  for (int i = 0; i < kRedirects; ++i) {
    if (control->to_port[i] == 0 || control->from_port[i] != ntohs(elsewhere.sin_port)) continue;
    elsewhere.sin_port = htons(static_cast<std::uint16_t>(control->to_port[i]));
    break;
  }
  return next(fd, reinterpret_cast<const sockaddr*>(&elsewhere), sizeof elsewhere);
}

int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** answer) {
  static const auto next = real<int (*)(const char*, const char*, const addrinfo*, addrinfo**)>("getaddrinfo");
  in6_addr numeric{};
  const bool is_name =
      node != nullptr && ::inet_pton(AF_INET, node, &numeric) != 1 && ::inet_pton(AF_INET6, node, &numeric) != 1;
  if (control == nullptr || !is_name) return next(node, service, hints, answer);
  std::atomic_ref<std::int64_t>(control->names_asked).fetch_add(1);
  return control->names_fail != 0 ? EAI_AGAIN : next(node, service, hints, answer);
}

}  // extern "C"
