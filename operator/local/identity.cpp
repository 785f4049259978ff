#include "operator/local/identity.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <fstream>
#include <sstream>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/json.hpp"

namespace chatop::local {

using chat::base::Json;

std::string to_json(const Identity& identity) {
  Json json = {{"name", identity.name},
               {"pid", identity.pid},
               {"start_time", identity.start_time},
               {"boot_id", identity.boot_id},
               {"config_hash", identity.config_hash},
               {"command", identity.command},
               {"started_ms", identity.started_ms},
               {"started_at", chat::base::rfc3339(identity.started_ms)},
               {"restarts", identity.restarts}};
  return json.dump(2) + "\n";
}

std::optional<Identity> parse_identity(const std::string& text) {
  auto json = chat::base::parse_json(text);
  if (!json || !json->is_object()) return std::nullopt;
  Identity identity;
  auto string = [&json](const char* key, std::string& into) {
    auto it = json->find(key);
    if (it == json->end() || !it->is_string()) return false;
    into = it->get<std::string>();
    return true;
  };
  auto number = [&json](const char* key, std::int64_t& into) {
    auto it = json->find(key);
    auto value = it == json->end() ? std::nullopt : chat::base::whole_number(*it);
    if (value) into = *value;
    return value.has_value();
  };
  bool whole = string("name", identity.name) && string("boot_id", identity.boot_id) &&
               string("config_hash", identity.config_hash) && number("pid", identity.pid) &&
               number("start_time", identity.start_time) && number("started_ms", identity.started_ms) &&
               number("restarts", identity.restarts);
  if (!whole || identity.pid <= 1) return std::nullopt;
  if (auto it = json->find("command"); it != json->end() && it->is_array()) {
    for (const auto& word : *it) {
      if (word.is_string()) identity.command.push_back(word.get<std::string>());
    }
  }
  return identity;
}

std::string boot_id() {
  std::ifstream in("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(in, id);
  return id;
}

std::optional<std::int64_t> start_time_of(std::int64_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(in, line)) return std::nullopt;
  const auto after_name = line.rfind(')');  // the name itself may hold spaces and parentheses
  if (after_name == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(after_name + 1));
  std::string field;
  constexpr int kState = 3;
  constexpr int kStartTime = 22;
  for (int i = kState; fields >> field; ++i) {
    if (i == kState && (field == "Z" || field == "X")) return std::nullopt;
    if (i < kStartTime) continue;
    std::int64_t value = 0;
    auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (error != std::errc()) return std::nullopt;
    return value;
  }
  return std::nullopt;
}

std::int64_t milliseconds_since(std::int64_t start_time) {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);  // what field 22 counts in
  const std::int64_t now_ms = static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
  return now_ms - start_time * 1000 / std::max<std::int64_t>(1, ::sysconf(_SC_CLK_TCK));
}

std::int64_t lock_holder(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const bool asked = ::fcntl(fd, F_GETLK, &lock) == 0;
  ::close(fd);
  return asked && lock.l_type != F_UNLCK ? lock.l_pid : 0;
}

bool proves(const Evidence& evidence, const Identity& identity) {
  return evidence.lock_holder == identity.pid && evidence.start_time == identity.start_time &&
         !identity.boot_id.empty() && evidence.boot_id == identity.boot_id;
}

}  // namespace chatop::local
