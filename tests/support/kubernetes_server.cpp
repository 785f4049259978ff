#include "tests/support/kubernetes_server.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "tests/support/eventually.hpp"

namespace chat::testing {
namespace {

constexpr std::chrono::seconds kLongest{300};

}  // namespace

KubernetesServer::KubernetesServer(Controllers controllers) {
  std::vector<std::string> arguments{"/usr/bin/python3", CHATCLUSTER_SOURCE_DIR "/tests/kubernetes/api_server.py"};
  if (controllers == Controllers::With) arguments.emplace_back("--controller-manager");
  process_ = std::make_unique<ChildProcess>(ChildOptions{.arguments = std::move(arguments),
                                                         .environment = {{"PYTHONDONTWRITEBYTECODE", "1"}},
                                                         .log_file = dir_.path() / "said",
                                                         .directory = {},
                                                         .user = {}});
  const bool decided = eventually([this] { return !value_of("KUBECONFIG").empty() || !process_->running(); }, kLongest);
  kubeconfig_ = value_of("KUBECONFIG");
  client_kubeconfig_ = value_of("CLIENT_KUBECONFIG");
  if (decided && !kubeconfig_.empty()) return;
  std::string all = "the Kubernetes API server did not start:";
  for (const auto& line : said()) all += "\n" + line;
  throw std::runtime_error(all);
}

KubernetesServer::~KubernetesServer() {
  process_->signal(SIGTERM);
  (void)process_->wait(kLongest);
}

void KubernetesServer::restart_api() {
  auto times = [this] {
    const auto lines = said();
    return std::count(lines.begin(), lines.end(), "RESTARTED");
  };
  const auto before = times();
  process_->signal(SIGUSR1);
  if (!eventually([&] { return times() > before || !process_->running(); }, kLongest) || !process_->running())
    throw std::runtime_error("the Kubernetes API server did not start again");
}

std::vector<std::string> KubernetesServer::said() const {
  std::ifstream in(dir_.path() / "said");
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line) && !in.eof();) lines.push_back(line);  // whole lines only
  return lines;
}

std::string KubernetesServer::value_of(const std::string& name) const {
  for (const auto& line : said())
    if (line.starts_with(name + "=")) return line.substr(name.size() + 1);
  return {};
}

}  // namespace chat::testing
