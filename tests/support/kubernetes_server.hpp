#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/child_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace chat::testing {

// A real Kubernetes API server with its etcd (tests/kubernetes/api_server.py), started and ready when the constructor
// returns, gone at the end. Blocking, some seconds; start it from the test's own thread, once for a whole suite.
class KubernetesServer {
 public:
  enum class Controllers { Without, With };  // With: garbage collection, StatefulSets, default accounts
  explicit KubernetesServer(Controllers controllers = Controllers::Without);
  ~KubernetesServer();
  KubernetesServer(const KubernetesServer&) = delete;
  KubernetesServer& operator=(const KubernetesServer&) = delete;

  // Files of an administrator who comes with a token, or with a certificate.
  [[nodiscard]] const std::filesystem::path& kubeconfig() const { return kubeconfig_; }
  [[nodiscard]] const std::filesystem::path& client_kubeconfig() const { return client_kubeconfig_; }

  // kill -9 and a new start on the same port: every watch breaks, nothing that was stored is lost.
  void restart_api();

 private:
  [[nodiscard]] std::vector<std::string> said() const;
  [[nodiscard]] std::string value_of(const std::string& name) const;

  TempDir dir_;
  std::unique_ptr<ChildProcess> process_;
  std::filesystem::path kubeconfig_;
  std::filesystem::path client_kubeconfig_;
};

}  // namespace chat::testing
