// chatctl, and kubectl-chat where it is called so: which places it opens. What it does is in operator/cli.
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "dataplane/base/environment.hpp"
#include "operator/cli/command_line.hpp"
#include "operator/kubernetes/site/open_site.hpp"
#include "operator/local/local_site.hpp"
#include "operator/local/state_directory.hpp"

namespace {

using chatop::cli::Place;
using chatop::cli::Program;

Program chatctl() {
  return {"chatctl",
          "chatctl",
          [](const Place& place) -> std::unique_ptr<chatop::ports::Machine> {
            return std::make_unique<chatop::local::LocalSite>(chatop::local::state_directory(place.directory));
          },
          {}};
}

Program kubectl_chat() {
  return {"kubectl chat", "kubectl-chat", {}, [](const Place& place) {
            return chatop::kubernetes::open_site(
                {place.kubeconfig, place.context, place.name_space, place.force_conflicts, place.brief},
                chat::base::environment);
          }};
}

}  // namespace

int main(int argc, char** argv) {
  const std::string path = argc > 0 ? argv[0] : "";
  const std::string called = path.substr(path.rfind('/') + 1);
  // kubectl looks for a program of this name to complete the words behind `kubectl chat`.
  const bool completes = called == "kubectl_complete-chat";
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  if (completes) arguments.insert(arguments.begin(), "__complete");
  const bool terminal = ::isatty(STDOUT_FILENO) != 0 && ::isatty(STDERR_FILENO) != 0;
  const bool colour = terminal && chat::base::environment("NO_COLOR").empty();
  const auto program = completes || called == "kubectl-chat" ? kubectl_chat() : chatctl();
  return chatop::cli::run(program, arguments, std::cout, std::cerr, colour);
}
