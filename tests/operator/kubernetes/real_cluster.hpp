#pragma once
#include <gtest/gtest.h>

#include <optional>

#include "dataplane/base/log.hpp"
#include "operator/kubernetes/client/client.hpp"
#include "operator/kubernetes/client/cpprest_http.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/kubernetes_server.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace chatop::kubernetes {

// One API server for all tests of a program: each has a namespace of its own.
class RealCluster : public ::testing::Test {
 protected:
  static inline const Kind kMaps{"", "v1", "configmaps", "ConfigMap", true};
  static inline const Kind kNamespaces{"", "v1", "namespaces", "Namespace", false};

  // A wire and a client of its own.
  struct Connection {
    Connection(RealCluster& test, Access access, Client::Options options)
        : http(test.io_.get_executor(), std::move(access), test.clock_),
          client(http, test.clock_, test.io_.get_executor(), std::move(options)) {}
    CpprestHttp http;
    Client client;
  };
  std::unique_ptr<Connection> connect(Access access, Client::Options options = {}) {
    return std::make_unique<Connection>(*this, std::move(access), std::move(options));
  }
  static Access access(const std::filesystem::path& kubeconfig) {
    auto found = kubeconfig_access({kubeconfig});
    if (!found) throw std::runtime_error(found.error().message);
    return *found;
  }
  static Access admin() { return access(server().kubeconfig()); }
  // The administrator by another way.
  static Access admin_through(std::uint16_t port) {
    auto through = admin();
    through.server = "https://127.0.0.1:" + std::to_string(port);
    return through;
  }
  static std::uint16_t server_port() {
    auto address = admin().server;
    return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }

  static void SetUpTestSuite() { server(); }
  static chat::testing::KubernetesServer& server() {
    static chat::testing::KubernetesServer the_server(wanted_controllers());
    return the_server;
  }
  // For a program that needs more than the API server: set before the first test.
  static chat::testing::KubernetesServer::Controllers& wanted_controllers() {
    static auto wanted = chat::testing::KubernetesServer::Controllers::Without;
    return wanted;
  }
  RealCluster() : admin_(connect(admin())) {
    static int number = 0;
    name_space_ = "test-" + std::to_string(++number);
    chat::base::Json body = {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name_space_}}}};
    auto made = run(client().create({kNamespaces, "", name_space_}, body));
    if (!made) throw std::runtime_error(made.error().message);
  }

  template <class T>
  T run(chat::base::Task<T> task) {
    return chat::testing::run_task(io_, std::move(task), std::chrono::seconds(240));
  }
  template <class Predicate>
  [[nodiscard]] bool soon(Predicate predicate) {
    return chat::testing::eventually(io_, predicate, std::chrono::seconds(120));
  }
  Client& client() { return admin_->client; }
  [[nodiscard]] ObjectRef map(const std::string& name) const { return {kMaps, name_space_, name}; }
  [[nodiscard]] chat::base::Json map_body(const std::string& name,
                                          chat::base::Json data = chat::base::Json::object()) const {
    return {{"apiVersion", "v1"},
            {"kind", "ConfigMap"},
            {"metadata", {{"name", name}, {"namespace", name_space_}, {"labels", {{"app", "chat"}}}}},
            {"data", std::move(data)}};
  }
  [[nodiscard]] ListRequest maps() const { return {kMaps, name_space_, "app=chat", "", 250}; }

  boost::asio::io_context io_;
  chat::base::SystemClock clock_;
  chat::base::Log log_{"test", chat::base::Level::error};
  chat::testing::TempDir dir_;
  std::unique_ptr<Connection> admin_;
  std::string name_space_;
};

}  // namespace chatop::kubernetes
