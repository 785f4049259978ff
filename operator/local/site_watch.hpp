#pragma once
#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <optional>

#include "operator/ports/site.hpp"

namespace chatop::local {

// Wakes for changes in one folder, the end of the process that `operator_pid` names when it is followed, and Ctrl-C.
// With Signals::take, SIGINT and SIGTERM are read here instead of ending the program, from the construction to the
// destruction. One thread.
class SiteWatch final : public ports::Watch {
 public:
  enum class Changes { files_replaced, files_written };  // renamed into place or removed; appended to
  using OperatorPid = std::function<std::optional<pid_t>()>;
  SiteWatch(const std::filesystem::path& folder, Changes changes, ports::Site::Signals signals,
            OperatorPid operator_pid = {});
  SiteWatch(const SiteWatch&) = delete;
  SiteWatch& operator=(const SiteWatch&) = delete;
  ~SiteWatch() override;

  void follow_operator() override;
  Woken wait(std::chrono::milliseconds most) override;

 private:
  OperatorPid operator_pid_;
  int inotify_ = -1;
  int process_ = -1;
  int signals_ = -1;
  sigset_t before_{};
};

}  // namespace chatop::local
