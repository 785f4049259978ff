#pragma once
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace chatop::app {

struct KubernetesFlags {
  std::string kubeconfig;          // empty: $KUBECONFIG, else the Pod's account, else ~/.kube/config
  std::string context;             // empty: the current one
  std::string name_space = "all";  // whose ChatClusters are served
  std::string image;  // of the daemons where spec.image is empty; empty: $CHATCLUSTER_IMAGE, else the Pod's own
  std::string lease_namespace;  // empty: the operator's own
  std::string admin = "0.0.0.0:9090";
};
std::vector<CLI::Option*> add_flags(CLI::App& app, KubernetesFlags& flags);

// chat-operator: until SIGTERM. Of several the one that holds the Lease acts, the others are warm. The exit status.
int run_on_kubernetes(KubernetesFlags flags);

}  // namespace chatop::app
