#pragma once
#include <chrono>
#include <map>
#include <string>

#include "operator/api/chat_cluster.hpp"
#include "operator/cli/session.hpp"

namespace chatop::cli {

// Tells how a ChatCluster comes up: a line for each component whose state changed, once.
class Progress {
 public:
  explicit Progress(Session& session) : session_(session), start_(std::chrono::steady_clock::now()) {}
  void step(const std::string& subject, const std::string& text);
  void show(const api::ChatCluster& cluster);

 private:
  Session& session_;
  std::chrono::steady_clock::time_point start_;
  std::map<std::string, std::string> shown_;  // by subject: bounded by the number of components
};

}  // namespace chatop::cli
