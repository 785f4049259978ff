#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace chatop::local {

// Exit statuses of a launcher that did not become the program.
inline constexpr int kAlreadyRunning = 75;
inline constexpr int kCanNotLaunch = 126;

// How a program is started: `chat-operator launch …` is spawned and *becomes* the program, so that the pid and the
// start time it writes down are the program's own.
struct Launch {
  std::string name;
  std::filesystem::path log;       // appended to, opened directly: no pipe that a dead operator could block
  std::filesystem::path identity;  // empty: a short-lived program that needs none
  std::string config_hash;
  std::int64_t restarts = 0;
  std::string user;  // to become, when started by root; empty: stay
  std::vector<std::string> command;
};

[[nodiscard]] std::vector<std::string> to_arguments(const Launch& launch);
// The launcher itself: `arguments` as to_arguments() made them. Returns only when it fails.
[[nodiscard]] int become(const std::vector<std::string>& arguments);

// Spawns the launcher from `launcher` (/proc/self/exe of an operator); -1 and errno where that fails.
[[nodiscard]] pid_t spawn(const std::string& launcher, const Launch& launch);

}  // namespace chatop::local
