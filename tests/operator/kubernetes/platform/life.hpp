#pragma once
#include <gmock/gmock.h>

#include "dataplane/base/digest.hpp"
#include "operator/api/stored.hpp"
#include "operator/kubernetes/client/kinds.hpp"
#include "operator/kubernetes/crds/definitions.hpp"
#include "operator/kubernetes/platform/rbac.hpp"
#include "operator/settings/generated_secrets.hpp"
#include "operator/settings/key_rotation.hpp"
#include "tests/operator/kubernetes/platform/stage.hpp"
#include "tests/operator/kubernetes/real_cluster.hpp"

namespace chatop::kubernetes {

using namespace std::chrono_literals;

// A ChatCluster on a real API server and controller manager: a stage kubelet runs its Pods.
class Life : public RealCluster {
 protected:
  static void SetUpTestSuite() { wanted_controllers() = chat::testing::KubernetesServer::Controllers::With; }
  void SetUp() override {
    auto definition = Json::parse(chat_cluster_definition().dump());
    const Kind kind{"apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false};
    const ObjectRef place{kind, "", "chatclusters.chatcluster.io"};
    ASSERT_TRUE(run(client().apply(place, definition, {})));
    ASSERT_TRUE(soon([&] {
      auto found = run(client().get(place));
      return found && found->contains("status") && found->dump().find("\"Established\"") != std::string::npos;
    }));
    kubelet_ = std::make_unique<Kubelet>(client(), io_.get_executor(), name_space_);
    daemons_ = std::make_unique<StageDaemons>(*kubelet_);
    shards_ = std::make_unique<StageShards>(*kubelet_);
    kubelet_->start();
  }
  void TearDown() override {
    for (auto& each : operators_) run_void(each->stop());
    run_void(kubelet_->stop());
  }
  void run_void(Task<> task) { chat::testing::run_task(io_, std::move(task), 60s); }
  StageOperator& begin(Access access) {
    operators_.push_back(
        std::make_unique<StageOperator>(io_, log_, std::move(access), name_space_, *daemons_, *shards_));
    return *operators_.back();
  }
  StageOperator& begin() { return begin(admin()); }

  [[nodiscard]] ObjectRef chat(const std::string& name = "demo") const {
    return {kinds::kChatCluster, name_space_, name};
  }
  Json apply(Json spec, const std::string& name = "demo") {
    Json body = {{"apiVersion", api::kApiVersion},
                 {"kind", api::kChatClusterKind},
                 {"metadata", {{"name", name}, {"namespace", name_space_}}},
                 {"spec", std::move(spec)}};
    auto applied = run(person().apply(chat(name), body, {}));
    if (!applied) throw std::runtime_error(applied.error().message);
    return *applied;
  }
  // Not the operator's field manager.
  Client& person() {
    if (!person_) {
      Client::Options options;
      options.field_manager = "person";
      person_ = connect(admin(), options);
    }
    return person_->client;
  }
  static Json small() {
    return {{"gateways", {{"replicas", {{"min", 2}}}, {"drain", {{"gracePeriodSeconds", 5}}}}},
            {"shards", {{"initial", 2}, {"storage", {{"size", "1Gi"}}}}}};
  }
  api::ChatClusterStatus status(const std::string& name = "demo") {
    auto found = run(client().get(chat(name)));
    if (!found) return {};
    auto parsed = api::parse_stored(*found);
    return parsed ? std::get<api::ChatCluster>(*parsed).status : api::ChatClusterStatus{};
  }
  bool is(const std::string& type, api::ConditionStatus wanted, const std::string& reason = {}) {
    const auto now = status();
    const auto* condition = api::find_condition(now, type);
    return condition != nullptr && condition->status == wanted && (reason.empty() || condition->reason == reason);
  }
  bool serves(std::int64_t generation) {
    return soon([&] {
      return status().observed_generation == generation && is("Available", api::ConditionStatus::True) &&
             is("Progressing", api::ConditionStatus::False) && is("UpdateInProgress", api::ConditionStatus::False);
    });
  }
  std::map<std::string, Json> objects_of(const Kind& kind) {
    const Keep whole = [](Json object) { return object; };
    ListRequest request{kind, name_space_, "", "", 250};
    auto listed = run(client().list(request, whole));
    std::map<std::string, Json> found;
    if (!listed) throw std::runtime_error(listed.error().message);
    for (auto& each : listed->items) found[text_at(each, {"metadata", "name"})] = each;
    return found;
  }
  // A key that has signed for longer than it should.
  std::string put_old_key() {
    const auto key = settings::new_signing_key(clock_.now_milliseconds() - settings::kKeyLifeMs).value();
    Json secret = {
        {"apiVersion", "v1"},
        {"kind", "Secret"},
        {"metadata", {{"name", "demo-jwt"}, {"namespace", name_space_}, {"labels", objects::labels("demo")}}},
        {"data",
         {{key.kid + ".pem", chat::base::base64(key.private_pem)},
          {key.kid + ".pub.pem", chat::base::base64(key.public_pem)}}}};
    const ObjectRef place{kinds::kSecret, name_space_, "demo-jwt"};
    if (auto made = run(person().create(place, secret)); !made) throw std::runtime_error(made.error().message);
    return key.kid;
  }
  std::vector<std::string> names_of(const Kind& kind) {
    std::vector<std::string> names;
    for (const auto& [name, object] : objects_of(kind)) names.push_back(name);
    return names;
  }
  // A StorageClass of this test, and a volume in it for each of the first two shards.
  std::string storage_class(bool expands) {
    const auto name = "class-of-" + name_space_;
    Json body = {{"apiVersion", "storage.k8s.io/v1"},
                 {"kind", "StorageClass"},
                 {"metadata", {{"name", name}}},
                 {"provisioner", "kubernetes.io/no-provisioner"},
                 {"allowVolumeExpansion", expands}};
    EXPECT_TRUE(run(person().apply({kinds::kStorageClass, "", name}, body, {})));
    return name;
  }
  void volumes(const std::string& its_class) {
    const Kind volumes{"", "v1", "persistentvolumes", "PersistentVolume", false};
    for (int shard = 0; shard < 2; ++shard) {
      const auto name = its_class + "-" + std::to_string(shard);
      Json body = {{"apiVersion", "v1"},
                   {"kind", "PersistentVolume"},
                   {"metadata", {{"name", name}}},
                   {"spec",
                    {{"accessModes", {"ReadWriteOnce"}},
                     {"capacity", {{"storage", "1Gi"}}},
                     {"storageClassName", its_class},
                     {"hostPath", {{"path", "/nowhere/" + name}}},
                     {"claimRef", {{"namespace", name_space_}, {"name", objects::claim_name("demo", shard)}}}}}};
      ASSERT_TRUE(run(person().apply({volumes, "", name}, body, {})));
    }
  }
  bool claims_are(const std::string& size, const std::string& phase) {
    const auto claims = objects_of(kinds::kClaim);
    return claims.size() == 2 && std::all_of(claims.begin(), claims.end(), [&](const auto& each) {
             return text_at(each.second, {"spec", "resources", "requests", "storage"}) == size &&
                    text_at(each.second, {"status", "phase"}) == phase;
           });
  }
  bool remove() {
    auto found = run(client().get(chat()));
    return found && run(client().remove(chat(), text_at(*found, {"metadata", "uid"}))).has_value() &&
           soon([&] { return !run(client().get(chat())); });
  }
  // Bound to exactly the roles that are shipped, with a token as its Pod would have it.
  Access account() {
    const Kind accounts{"", "v1", "serviceaccounts", "ServiceAccount", true};
    const Kind cluster_roles{"rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false};
    const Kind bindings{"rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", false};
    const auto role = Json::parse(roles(Scope::all_namespaces).front().dump());
    const auto name = text_at(role, {"metadata", "name"});
    Json account = {{"apiVersion", "v1"},
                    {"kind", "ServiceAccount"},
                    {"metadata", {{"name", "operator"}, {"namespace", name_space_}}}};
    Json binding = {
        {"apiVersion", "rbac.authorization.k8s.io/v1"},
        {"kind", "ClusterRoleBinding"},
        {"metadata", {{"name", name_space_}}},
        {"roleRef", {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "ClusterRole"}, {"name", name}}},
        {"subjects", Json::array({{{"kind", "ServiceAccount"}, {"name", "operator"}, {"namespace", name_space_}}})}};
    EXPECT_TRUE(run(client().apply({accounts, name_space_, "operator"}, account, {})));
    EXPECT_TRUE(run(client().apply({cluster_roles, "", name}, role, {})));
    EXPECT_TRUE(run(client().apply({bindings, "", name_space_}, binding, {})));
    // The subresource that gives tokens is no object: asked for over the wire itself.
    Request request;
    request.method = "POST";
    request.target = path_of(accounts, name_space_, "operator", "token");
    request.content_type = "application/json";
    request.body =
        Json({{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "TokenRequest"}, {"spec", Json::object()}}).dump();
    request.deadline = clock_.steady() + 30s;
    auto answer = run(admin_->http.send(request));
    auto access = admin();
    access.token = {text_at(Json::parse(answer.value().body), {"status", "token"}), {}};
    access.certificate = access.key = {};
    return access;
  }

  std::unique_ptr<Kubelet> kubelet_;
  std::unique_ptr<StageDaemons> daemons_;
  std::unique_ptr<StageShards> shards_;
  std::vector<std::unique_ptr<StageOperator>> operators_;
  std::unique_ptr<Connection> person_;
};

}  // namespace chatop::kubernetes
