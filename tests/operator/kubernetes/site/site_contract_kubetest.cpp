#include "operator/kubernetes/crds/definitions.hpp"
#include "operator/kubernetes/site/kubernetes_site.hpp"
#include "tests/contract/site_contract.hpp"
#include "tests/operator/kubernetes/real_cluster.hpp"

namespace chatop::testing {

using chat::base::Json;

const kubernetes::Kind kDefinitions{"apiextensions.k8s.io", "v1", "customresourcedefinitions",
                                    "CustomResourceDefinition", false};
const kubernetes::Kind kClusters{"chatcluster.io", "v1alpha1", "chatclusters", "ChatCluster", true};

// A namespace of a real API server that knows our kinds, and an administrator who does what an operator would do.
class OnKubernetes final : public kubernetes::RealCluster {
 public:
  OnKubernetes() {
    define(kubernetes::chat_cluster_definition());
    define(kubernetes::chat_operation_definition());
    kubernetes::KubernetesSite::Options options;
    options.name_space = name_space_;
    options.context = "test";
    site_ = std::make_unique<kubernetes::KubernetesSite>(
        [](boost::asio::any_io_executor executor, const chat::base::Clock& clock) {
          return std::make_unique<kubernetes::CpprestHttp>(std::move(executor), admin(), clock);
        },
        std::move(options));
  }
  ports::Site& site() { return *site_; }
  void write_status(const std::string& name, const api::ChatClusterStatus& status) {
    merge(name, {{"status", {{"mapVersion", status.map_version + 1}}}}, "status");  // so that something changes
    merge(name, {{"status", Json(api::to_json(status))}}, "status");
  }
  void hold(const std::string& name) { merge(name, {{"metadata", {{"finalizers", {"chatcluster.io/teardown"}}}}}, ""); }
  void finish(const std::string& name) { merge(name, {{"metadata", {{"finalizers", nullptr}}}}, ""); }

 private:
  void TestBody() override {}
  void merge(const std::string& name, Json patch, const std::string& subresource) {
    auto merged = run(client().merge({kClusters, name_space_, name}, std::move(patch), subresource));
    ASSERT_TRUE(merged) << merged.error().message;
  }
  void define(const api::OrderedJson& definition) {
    const kubernetes::ObjectRef object{kDefinitions, "", definition["metadata"]["name"].get<std::string>()};
    auto made = run(client().apply(object, Json(definition), {}));
    ASSERT_TRUE(made) << made.error().message;
    ASSERT_TRUE(soon([&] {
      auto seen = run(client().get(object));
      if (!seen) return false;
      const auto conditions = seen->value("/status/conditions"_json_pointer, Json::array());
      return std::any_of(conditions.begin(), conditions.end(), [](const Json& condition) {
        return condition.value("type", "") == "Established" && condition.value("status", "") == "True";
      });
    }));
  }
  std::unique_ptr<kubernetes::KubernetesSite> site_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Kubernetes, SiteContract, OnKubernetes);

}  // namespace chatop::testing
