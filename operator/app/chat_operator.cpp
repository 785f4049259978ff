// chat-operator: flags. Where it works is in local_operator.cpp and kubernetes_operator.cpp, what it does in
// operator/controllers.
#include <CLI/CLI.hpp>
#include <csignal>
#include <span>

#include "operator/app/kubernetes_operator.hpp"
#include "operator/app/local_operator.hpp"
#include "operator/app/printed_documents.hpp"
#include "operator/local/launch.hpp"

namespace app = chatop::app;

int main(int argc, char** argv) {
  if (argc > 1) {
    const std::string_view verb = argv[1];
    const std::span<char*> rest{argv + 2, argv + argc};
    if (verb == "crds") return app::print_definitions(rest);
    if (verb == "rbac") return app::print_roles(rest);
    if (verb == "launch") return chatop::local::become({rest.begin(), rest.end()});
  }
  std::signal(SIGPIPE, SIG_IGN);
  app::LocalFlags local;
  app::KubernetesFlags kubernetes;
  CLI::App flags("Makes ChatClusters serve, and keeps them serving: on Kubernetes, or with --local on this machine.");
  flags.set_version_flag("--version", std::string("chat-operator ") + CHATCLUSTER_VERSION);
  auto* directory =
      flags.add_option("--local", local.directory, "the state directory: resources, data and logs of local mode");
  flags.add_flag("--down", local.down, "end every process of every cluster, keep the data, and exit")->needs(directory);
  for (auto* option : app::add_flags(flags, kubernetes)) option->excludes(directory);
  try {
    flags.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return flags.exit(error) == 0 ? 0 : 2;
  }
  if (directory->count() == 0) return app::run_on_kubernetes(std::move(kubernetes));
  std::error_code error;
  local.directory = std::filesystem::absolute(local.directory, error).lexically_normal();
  return app::run_local(local);
}
