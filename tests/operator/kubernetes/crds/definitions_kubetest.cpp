#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "operator/kubernetes/crds/definitions.hpp"
#include "tests/support/kubernetes_server.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

using chat::testing::ChildOptions;
using chat::testing::ChildProcess;
using chat::testing::KubernetesServer;

// The definitions as they are made now, not as crds/ keeps them: a rule that the API server will not take (one that may
// cost too much, say) is seen here first.
class Served : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<KubernetesServer>(); }
  static void TearDownTestSuite() { server_.reset(); }

  // What a server-side apply of `definition` says; ends with the exit status.
  std::string applied(const chatop::api::OrderedJson& definition) {
    const auto file = dir_.path() / "definition.yaml";
    const auto log = dir_.path() / "kubectl";
    std::ofstream(file) << chatop::kubernetes::definition_file(definition);
    const std::string kubectl =
        "exec \"$(python3 -c 'import programs; print(programs.program(\"kubectl\"))')\" "
        "apply --server-side --force-conflicts -f " +
        file.string();
    ChildProcess process(ChildOptions{.arguments = {"bash", "-c", kubectl},
                                      .environment = {{"KUBECONFIG", server_->kubeconfig().string()},
                                                      {"PYTHONPATH", CHATCLUSTER_SOURCE_DIR "/e2e/kubernetes"}},
                                      .log_file = log,
                                      .directory = {},
                                      .user = {}});
    const auto code = process.wait(std::chrono::seconds(60));
    std::ostringstream text;
    text << std::ifstream(log).rdbuf() << code.value_or(-1);
    return text.str();
  }

  chat::testing::TempDir dir_;
  static std::unique_ptr<KubernetesServer> server_;
};
std::unique_ptr<KubernetesServer> Served::server_;

TEST_F(Served, BothDefinitionsAreTaken) {
  EXPECT_THAT(applied(chatop::kubernetes::chat_cluster_definition()), testing::EndsWith("serverside-applied\n0"));
  EXPECT_THAT(applied(chatop::kubernetes::chat_operation_definition()), testing::EndsWith("serverside-applied\n0"));
}

TEST_F(Served, ARestartedServerStillKnowsThem) {
  ASSERT_THAT(applied(chatop::kubernetes::chat_cluster_definition()), testing::EndsWith("\n0"));
  server_->restart_api();
  EXPECT_THAT(applied(chatop::kubernetes::chat_cluster_definition()), testing::EndsWith("serverside-applied\n0"));
}

TEST_F(Served, ABrokenDefinitionIsRefused) {
  auto broken = chatop::kubernetes::chat_cluster_definition();
  auto& spec = broken["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
  spec["x-kubernetes-validations"].push_back({{"rule", "self.nothing == 1"}, {"message", "no"}});
  EXPECT_THAT(applied(broken), testing::HasSubstr("undefined field 'nothing'"));
}

}  // namespace
