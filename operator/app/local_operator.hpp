#pragma once
#include <filesystem>

namespace chatop::app {

struct LocalFlags {
  std::filesystem::path directory;
  bool down = false;
};

// chat-operator --local DIR [--down]: until SIGTERM, or until everything has ended. The exit status.
int run_local(const LocalFlags& flags);

}  // namespace chatop::app
