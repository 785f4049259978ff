// A ChatCluster's life on a real API server and controller manager: a stage kubelet runs its Pods.
#include <gmock/gmock.h>

#include <array>

#include "dataplane/base/digest.hpp"
#include "operator/api/stored.hpp"
#include "operator/kubernetes/client/kinds.hpp"
#include "operator/kubernetes/crds/definitions.hpp"
#include "operator/kubernetes/platform/key_secret.hpp"
#include "operator/kubernetes/platform/rbac.hpp"
#include "operator/settings/certificates.hpp"
#include "operator/settings/generated_secrets.hpp"
#include "operator/shards/postgres_shard_admin.hpp"
#include "tests/operator/kubernetes/platform/stage.hpp"
#include "tests/operator/kubernetes/real_cluster.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/redis_server.hpp"

namespace chatop::kubernetes {
namespace {

using api::ConditionStatus;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

const Kind kDefinition{"apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false};

class Life : public RealCluster {
 protected:
  static void SetUpTestSuite() { wanted_controllers() = chat::testing::KubernetesServer::Controllers::With; }
  void SetUp() override {
    auto definition = Json::parse(chat_cluster_definition().dump());
    const ObjectRef place{kDefinition, "", "chatclusters.chatcluster.io"};
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
  bool is(const std::string& type, ConditionStatus wanted, const std::string& reason = {}) {
    const auto now = status();
    const auto* condition = api::find_condition(now, type);
    return condition != nullptr && condition->status == wanted && (reason.empty() || condition->reason == reason);
  }
  bool serves(std::int64_t generation) {
    return soon([&] {
      return status().observed_generation == generation && is("Available", ConditionStatus::True) &&
             is("Progressing", ConditionStatus::False) && is("UpdateInProgress", ConditionStatus::False);
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

TEST_F(Life, FromApplyToNothingLeft) {
  auto& first = begin();
  apply(small());
  ASSERT_TRUE(serves(1)) << api::json_text(api::to_json(status()));
  EXPECT_THAT(names_of(kinds::kStatefulSet),
              ::testing::UnorderedElementsAre("demo-gateway", "demo-redis", "demo-shard-0", "demo-shard-1"));
  EXPECT_THAT(names_of(kinds::kDeployment),
              ::testing::UnorderedElementsAre("demo-api", "demo-messages", "demo-worker"));
  EXPECT_EQ(objects_of(kinds::kSecret).size(), 2U);
  EXPECT_EQ(status().gateways.ready, 2);
  EXPECT_EQ(status().serving_shards, 2);
  EXPECT_EQ(shards_->passwords.size(), 1U);
  EXPECT_THAT(daemons_->last_map, HasSubstr("demo-shard-0." + name_space_ + ".svc:5432"));

  // I8: at rest nothing is written.
  const auto writes = first.http.all_writes();
  EXPECT_FALSE(chat::testing::eventually(
      io_, [&] { return first.http.all_writes() != writes; }, 20s));

  // More gateways; then another image, one gateway at a time and each drained first.
  auto changed = small();
  changed["gateways"]["replicas"]["min"] = 3;
  apply(changed);
  ASSERT_TRUE(serves(2));
  EXPECT_EQ(status().gateways.ready, 3);
  EXPECT_THAT(daemons_->drained, IsEmpty());
  changed["image"] = "chatcluster:other";
  apply(changed);
  ASSERT_TRUE(serves(3)) << api::json_text(api::to_json(status()));
  EXPECT_THAT(daemons_->drained, ::testing::UnorderedElementsAre("demo-gateway-0", "demo-gateway-1", "demo-gateway-2"));
  for (const auto& [name, pod] : objects_of(kinds::kPod))
    EXPECT_EQ(pod["spec"]["containers"][0]["image"], "chatcluster:other") << name;
  // What goes as planned is told, and is no warning.
  const Kind events{"events.k8s.io", "v1", "events", "Event", true};
  std::vector<std::string> warnings;
  std::size_t told = 0;
  for (const auto& [name, event] : objects_of(events)) {
    if (text_at(event, {"regarding", "kind"}) != "ChatCluster") continue;
    ++told;
    if (text_at(event, {"type"}) == "Warning") warnings.push_back(text_at(event, {"note"}));
  }
  EXPECT_GT(told, 0U);
  EXPECT_THAT(warnings, IsEmpty());
  // Fewer again: the highest goes.
  changed["gateways"]["replicas"]["min"] = 2;
  apply(changed);
  ASSERT_TRUE(serves(4));
  EXPECT_THAT(names_of(kinds::kPod), ::testing::Not(Contains("demo-gateway-2")));

  // What changes no Pod is applied too, and what somebody scaled is scaled back.
  changed["shards"]["storage"]["whenDeleted"] = "Delete";
  apply(changed);
  const ObjectRef shard{kinds::kStatefulSet, name_space_, "demo-shard-0"};
  const auto when_deleted = [&] {
    return text_at(run(client().get(shard)).value(), {"spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"});
  };
  EXPECT_TRUE(soon([&] { return when_deleted() == "Delete"; }));
  changed["shards"]["storage"]["whenDeleted"] = "Retain";
  apply(changed);
  EXPECT_TRUE(soon([&] { return when_deleted() == "Retain"; }));
  const ObjectRef workers{kinds::kDeployment, name_space_, "demo-worker"};
  const Json three = {{"spec", {{"replicas", 3}}}};
  ASSERT_TRUE(run(person().merge(workers, three, "")));
  EXPECT_TRUE(soon([&] { return run(client().get(workers)).value()["spec"]["replicas"] == 1; }));

  // What is not ours stays: an object with our label, a field of another manager.
  auto foreign = map_body("demo-of-somebody");
  foreign["metadata"]["labels"] = {{objects::kClusterLabel, "demo"}};
  ASSERT_TRUE(run(person().apply(map("demo-of-somebody"), foreign, {})));
  const ObjectRef service{kinds::kService, name_space_, "demo-gateway"};
  Json note = {{"metadata", {{"annotations", {{"somebody/note", "mine"}}}}}};
  ASSERT_TRUE(run(person().merge(service, note, "")));
  // What is ours comes back.
  Json spoiled = {{"spec", {{"selector", {{objects::kClusterLabel, "wrong"}}}}}};
  ASSERT_TRUE(run(person().merge(service, spoiled, "")));
  EXPECT_TRUE(soon([&] {
    auto found = run(client().get(service));
    return found && (*found)["spec"]["selector"][objects::kClusterLabel] == "demo" &&
           (*found)["metadata"]["annotations"]["somebody/note"] == "mine";
  }));

  ASSERT_TRUE(remove());
  EXPECT_TRUE(soon([&] { return names_of(kinds::kPod).empty() && names_of(kinds::kService).empty(); }));
  EXPECT_THAT(names_of(kinds::kStatefulSet), IsEmpty());
  EXPECT_THAT(names_of(kinds::kClaim), ::testing::UnorderedElementsAre("data-demo-shard-0-0", "data-demo-shard-1-0"));
  EXPECT_THAT(names_of(kinds::kSecret), ::testing::UnorderedElementsAre("demo-jwt", "demo-secrets"));
  EXPECT_TRUE(soon([&] {
    auto left = names_of(kinds::kConfigMap);
    std::erase(left, "kube-root-ca.crt");
    std::sort(left.begin(), left.end());
    return left == std::vector<std::string>{"demo-map", "demo-of-somebody"};
  }));

  // A new one of that name serves the same data with the same keys.
  apply(small());
  ASSERT_TRUE(serves(1));
  EXPECT_EQ(shards_->passwords.size(), 1U);
}

TEST_F(Life, ASecretThatChangesGoesOnAndOneThatVanishesIsACondition) {
  auto& first = begin();
  apply(small());
  ASSERT_TRUE(serves(1)) << api::json_text(api::to_json(status()));
  const auto secret = [&](const std::string& name) { return ObjectRef{kinds::kSecret, name_space_, name}; };
  const auto before = run(client().get(secret("demo-secrets"))).value();

  // The daemons learn of it later than we do.
  daemons_->their_token = objects::secret_value(before, objects::kAdminToken);
  Json patch = {{"data",
                 {{objects::kAdminToken, chat::base::base64("another token")},
                  {objects::kPostgresSuperuserPassword, chat::base::base64("another password")}}}};
  ASSERT_TRUE(run(person().merge(secret("demo-secrets"), patch, "")));
  ASSERT_TRUE(soon([&] { return daemons_->tokens.contains("another token"); }));
  EXPECT_TRUE(soon([&] { return shards_->passwords.contains("another password"); }));
  EXPECT_TRUE(is("Available", ConditionStatus::True));
  daemons_->their_token = "another token";
  const auto writes = first.http.all_writes();
  EXPECT_FALSE(chat::testing::eventually(
      io_, [&] { return first.http.all_writes() != writes; }, 5s))
      << api::json_text(api::to_json(status()));

  // Whoever asks for it gets new ones, and nobody is asked for anything else than a note.
  Json ask = {{"metadata", {{"annotations", {{kRotateAnnotation, "now"}}}}}};
  ASSERT_TRUE(run(person().merge(secret("demo-secrets"), ask, "")));
  ASSERT_TRUE(soon([&] { return shards_->passwords.size() == 3; }));
  const auto rotated = run(client().get(secret("demo-secrets"))).value();
  EXPECT_FALSE(asks_for_new_values(rotated));
  EXPECT_TRUE(shards_->passwords.contains(objects::secret_value(rotated, objects::kPostgresSuperuserPassword)));
  EXPECT_TRUE(is("Available", ConditionStatus::True));
  daemons_->their_token = objects::secret_value(rotated, objects::kAdminToken);

  for (const char* name : {"demo-secrets", "demo-jwt"}) {
    auto kept = run(client().get(secret(name))).value();
    ASSERT_TRUE(run(client().remove(secret(name), text_at(kept, {"metadata", "uid"}))));
    ASSERT_TRUE(soon([&] { return is("Degraded", ConditionStatus::True, "SecretMissing"); }))
        << api::json_text(api::to_json(status()));
    EXPECT_TRUE(is("Available", ConditionStatus::True));
    EXPECT_FALSE(run(client().get(secret(name))));
    kept["metadata"] = {{"name", name}, {"namespace", name_space_}, {"labels", objects::labels("demo")}};
    ASSERT_TRUE(run(person().create(secret(name), kept)));
    ASSERT_TRUE(soon([&] { return is("Degraded", ConditionStatus::False); })) << api::json_text(api::to_json(status()));
  }
  // Another operator makes no new one either.
  auto kept = run(client().get(secret("demo-secrets"))).value();
  ASSERT_TRUE(run(client().remove(secret("demo-secrets"), text_at(kept, {"metadata", "uid"}))));
  first.kill();
  begin();
  ASSERT_TRUE(soon([&] { return is("Degraded", ConditionStatus::True, "SecretMissing"); }))
      << api::json_text(api::to_json(status()));
  kept["metadata"] = {{"name", "demo-secrets"}, {"namespace", name_space_}, {"labels", objects::labels("demo")}};
  ASSERT_TRUE(run(person().create(secret("demo-secrets"), kept)));
  ASSERT_TRUE(soon([&] { return is("Degraded", ConditionStatus::False); })) << api::json_text(api::to_json(status()));

  // One of the user's that the spec names.
  auto spec = small();
  spec["tls"]["secretName"] = "people";
  apply(spec);
  ASSERT_TRUE(soon([&] { return is("Degraded", ConditionStatus::True, "SecretMissing"); }))
      << api::json_text(api::to_json(status()));
  Json theirs = {{"apiVersion", "v1"},
                 {"kind", "Secret"},
                 {"metadata", {{"name", "people"}, {"namespace", name_space_}}},
                 {"data", {{"tls.crt", chat::base::base64("a certificate")}}}};
  ASSERT_TRUE(run(person().create(secret("people"), theirs)));
  ASSERT_TRUE(soon([&] { return is("Degraded", ConditionStatus::True, "SecretIncomplete"); }))
      << api::json_text(api::to_json(status()));
  patch = {{"data", {{"tls.key", chat::base::base64("its key")}}}};
  ASSERT_TRUE(run(person().merge(secret("people"), patch, "")));
  ASSERT_TRUE(serves(2)) << api::json_text(api::to_json(status()));
  EXPECT_TRUE(soon([&] { return is("Degraded", ConditionStatus::False); })) << api::json_text(api::to_json(status()));
}

TEST_F(Life, SigningKeysRotateUnderOperatorsThatAreKilledAfterEachStep) {
  const auto old = put_old_key();
  const ObjectRef place{kinds::kSecret, name_space_, "demo-jwt"};
  const auto keys = [&] { return keys_in(run(client().get(place)).value()); };
  const auto published = [&] {
    auto found = run(client().get({kinds::kConfigMap, name_space_, "demo-jwt-public"}));
    return found ? found->value("data", Json::object()).size() : 0;
  };
  const auto noted = [&](const std::string& kid) {
    for (const auto& key : keys())
      if (key.kid == kid && key.since) return true;
    return false;
  };
  // As if so much time had passed.
  const auto pass = [&](const std::string& kid, std::int64_t milliseconds) {
    const Json since = {{kid, clock_.now_milliseconds() - milliseconds}};
    Json patch = {{"metadata", {{"annotations", {{kKeysSinceAnnotation, since.dump()}}}}}};
    ASSERT_TRUE(run(person().merge(place, patch, "")));
  };
  auto* running = &begin();
  apply(small());
  ASSERT_TRUE(soon([&] { return keys().size() == 2; }));
  running->kill();
  const auto fresh = keys()[0].kid == old ? keys()[1].kid : keys()[0].kid;
  EXPECT_FALSE(noted(fresh));
  running = &begin();
  ASSERT_TRUE(serves(1)) << api::json_text(api::to_json(status()));
  ASSERT_TRUE(soon([&] { return noted(fresh); }));
  EXPECT_EQ(published(), 2U);
  running->kill();
  for (const auto& key : keys()) EXPECT_EQ(key.signs, key.kid == old);
  pass(fresh, settings::kKeyReachesAllMs);
  running = &begin();
  ASSERT_TRUE(soon([&] {
    const auto now = keys();
    return now.size() == 2 && now[0].signs && now[1].signs;
  }));
  running->kill();
  pass(fresh, settings::kTokensHaveEndedMs);
  running = &begin();
  ASSERT_TRUE(soon([&] { return keys().size() == 1 && published() == 1U; }));
  EXPECT_EQ(keys()[0].kid, fresh);
  ASSERT_TRUE(serves(1));
  const auto writes = running->http.all_writes();
  EXPECT_FALSE(chat::testing::eventually(
      io_, [&] { return running->http.all_writes() != writes; }, 5s));
}

TEST_F(Life, AClusterMadeWithACertificateForClientsTalksTlsInsideToo) {
  const auto secret = [&](const std::string& name) { return ObjectRef{kinds::kSecret, name_space_, name}; };
  Json people = {
      {"apiVersion", "v1"},
      {"kind", "Secret"},
      {"metadata", {{"name", "people"}, {"namespace", name_space_}}},
      {"data", {{"tls.crt", chat::base::base64("a certificate")}, {"tls.key", chat::base::base64("its key")}}}};
  ASSERT_TRUE(run(person().create(secret("people"), people)));
  auto spec = small();
  spec["tls"]["secretName"] = "people";
  spec["shards"]["storage"]["whenDeleted"] = "Delete";
  auto& first = begin();
  apply(spec);
  ASSERT_TRUE(serves(1)) << api::json_text(api::to_json(status()));  // Redis among them, by TLS
  const auto made = run(client().get(secret("demo-tls"))).value();
  const auto authority = objects::secret_value(run(client().get(secret("demo-tls-ca"))).value(), "ca.crt");
  EXPECT_TRUE(settings::is_issued_by(objects::secret_value(made, "tls.crt"), authority));
  for (const auto* trust : {&daemons_->trust, &shards_->trust}) {
    EXPECT_EQ(trust->ca, authority);
    EXPECT_TRUE(settings::bears(objects::secret_value(made, "tls.crt"), trust->host));
  }
  for (const auto& [name, pod] : objects_of(kinds::kPod)) {
    EXPECT_THAT(pod.dump(), HasSubstr("\"demo-tls\"")) << name;
    EXPECT_THAT(pod.dump(), ::testing::Not(HasSubstr("demo-tls-ca"))) << name;
  }

  // One that is lost is issued again by the same authority; another operator finds all as it should be.
  const auto pods = objects_of(kinds::kPod);
  ASSERT_TRUE(run(client().remove(secret("demo-tls"), text_at(made, {"metadata", "uid"}))));
  ASSERT_TRUE(soon([&] { return run(client().get(secret("demo-tls"))).has_value(); }));
  const auto again = run(client().get(secret("demo-tls"))).value();
  EXPECT_EQ(objects::secret_value(again, "ca.crt"), authority);
  EXPECT_TRUE(settings::is_issued_by(objects::secret_value(again, "tls.crt"), authority));
  EXPECT_NE(objects::secret_value(again, "tls.key"), objects::secret_value(made, "tls.key"));
  first.kill();
  auto& second = begin();
  ASSERT_TRUE(soon([&] { return second.loop.has_decided(); }));
  EXPECT_FALSE(chat::testing::eventually(
      io_, [&] { return second.http.all_writes() != 0; }, 10s))
      << ::testing::PrintToString(second.http.writes);
  ASSERT_TRUE(serves(1));
  // What was decided stays, also where nobody would decide so any more.
  spec.erase("tls");
  apply(spec);
  ASSERT_TRUE(serves(2)) << api::json_text(api::to_json(status()));
  EXPECT_EQ(daemons_->trust.ca, authority);
  ASSERT_TRUE(remove());
  EXPECT_THAT(names_of(kinds::kSecret), ::testing::ElementsAre("people"));
}

TEST_F(Life, ADemoTlsOfSomebodyElseIsUsedAndLeftAlone) {
  const chat::testing::Authority authority;
  const auto issued = authority.issue(objects::tls_hosts("demo", name_space_));
  const ObjectRef place{kinds::kSecret, name_space_, "demo-tls"};
  Json theirs = {{"apiVersion", "v1"},
                 {"kind", "Secret"},
                 {"type", "kubernetes.io/tls"},
                 {"metadata", {{"name", "demo-tls"}, {"namespace", name_space_}}},
                 {"data",
                  {{"tls.crt", chat::base::base64(issued.certificate)},
                   {"tls.key", chat::base::base64(issued.key)},
                   {"ca.crt", chat::base::base64(authority.certificate())}}}};
  auto made = run(person().create(place, theirs));
  ASSERT_TRUE(made);
  begin();
  auto spec = small();
  spec["shards"]["storage"]["whenDeleted"] = "Delete";
  apply(spec);
  ASSERT_TRUE(serves(1)) << api::json_text(api::to_json(status()));
  EXPECT_EQ(daemons_->trust.ca, authority.certificate());
  EXPECT_FALSE(run(client().get({kinds::kSecret, name_space_, "demo-tls-ca"})));
  // Without it what was known goes on, and none is made.
  ASSERT_TRUE(run(client().remove(place, text_at(*made, {"metadata", "uid"}))));
  ASSERT_TRUE(soon([&] { return is("Degraded", ConditionStatus::True, "SecretMissing"); }))
      << api::json_text(api::to_json(status()));
  EXPECT_TRUE(is("Available", ConditionStatus::True));
  made = run(person().create(place, theirs));
  ASSERT_TRUE(made);
  ASSERT_TRUE(soon([&] { return is("Degraded", ConditionStatus::False); })) << api::json_text(api::to_json(status()));
  ASSERT_TRUE(remove());
  EXPECT_EQ(text_at(run(client().get(place)).value(), {"metadata", "uid"}), text_at(*made, {"metadata", "uid"}));
}

TEST_F(Life, AnOperatorThatIsKilledIsFollowedByAnother) {
  auto spec = small();
  spec["shards"]["storage"]["whenDeleted"] = "Delete";
  auto& first = begin();
  apply(spec);
  ASSERT_TRUE(soon([&] { return first.http.writes["patch apps/statefulsets"] > 1; }));
  first.kill();
  auto& second = begin();
  ASSERT_TRUE(serves(1));
  auto writes = second.http.all_writes();
  const auto goes_on = [&] { return second.http.all_writes() != writes; };
  while (chat::testing::eventually(io_, goes_on, 3s)) writes = second.http.all_writes();
  // One that comes to what is well changes nothing.
  second.kill();
  auto& third = begin();
  const auto before = objects_of(kinds::kPod);
  const auto said = api::json_text(api::to_json(status()));
  EXPECT_TRUE(soon([&] { return third.loop.has_decided(); }));
  EXPECT_FALSE(chat::testing::eventually(
      io_, [&] { return third.http.all_writes() != 0; }, 5s))
      << ::testing::PrintToString(third.http.writes) << said << api::json_text(api::to_json(status()));
  EXPECT_EQ(objects_of(kinds::kPod).size(), before.size());
  ASSERT_TRUE(remove());
  EXPECT_TRUE(soon([&] { return names_of(kinds::kClaim).empty(); }));
  EXPECT_THAT(names_of(kinds::kSecret), IsEmpty());
}

TEST_F(Life, WhatKeepsPodsFromRunningIsACondition) {
  const Kind quotas{"", "v1", "resourcequotas", "ResourceQuota", true};
  begin();
  auto spec = small();
  spec["image"] = kubelet_->bad_image;
  apply(spec);
  ASSERT_TRUE(soon([&] { return is("Degraded", ConditionStatus::True, "ImagePullFailed"); }))
      << api::json_text(api::to_json(status()));
  const Kind events{"events.k8s.io", "v1", "events", "Event", true};
  EXPECT_TRUE(soon([&] {
    const auto told = objects_of(events);
    return std::any_of(told.begin(), told.end(), [](const auto& each) {
      return text_at(each.second, {"reason"}) == "ImagePullFailed" &&
             text_at(each.second, {"regarding", "kind"}) == "ChatCluster";
    });
  }));
  spec.erase("image");
  apply(spec);
  ASSERT_TRUE(serves(2)) << api::json_text(api::to_json(status()));

  Json quota = {{"apiVersion", "v1"},
                {"kind", "ResourceQuota"},
                {"metadata", {{"name", "few"}, {"namespace", name_space_}}},
                {"spec", {{"hard", {{"pods", std::to_string(objects_of(kinds::kPod).size())}}}}}};
  ASSERT_TRUE(run(person().apply({quotas, name_space_, "few"}, quota, {})));
  ASSERT_TRUE(soon([&] {
    auto found = run(client().get({quotas, name_space_, "few"}));
    return found && found->contains("status") && (*found)["status"].contains("used");
  }));
  spec["gateways"]["replicas"]["min"] = 3;
  apply(spec);
  ASSERT_TRUE(soon([&] { return is("Degraded", ConditionStatus::True, "QuotaFull"); }))
      << api::json_text(api::to_json(status()));
  quota["spec"]["hard"]["pods"] = "50";
  ASSERT_TRUE(run(person().apply({quotas, name_space_, "few"}, quota, {})));
  ASSERT_TRUE(serves(3)) << api::json_text(api::to_json(status()));
}

TEST_F(Life, AStorageClassThatIsNotThereAndANameNoServiceMayHaveAreSaid) {
  begin();
  auto spec = small();
  spec["shards"]["storage"]["storageClassName"] = "nowhere";
  apply(spec);
  EXPECT_TRUE(soon([&] { return is("Degraded", ConditionStatus::True, "StorageClassMissing"); }))
      << api::json_text(api::to_json(status()));
  const std::string name = "4ever";  // no Service may begin with a digit
  apply(small(), name);
  EXPECT_TRUE(soon([&] {
    const auto now = status(name);
    const auto* degraded = api::find_condition(now, "Degraded");
    return degraded != nullptr && degraded->reason == "NameRefused";
  }));
}

TEST_F(Life, VolumesGrowWithTheSpecWhereTheirClassLetsThem) {
  auto& first = begin();
  auto spec = small();
  spec["shards"]["storage"]["storageClassName"] = storage_class(true);
  volumes(spec["shards"]["storage"]["storageClassName"]);
  apply(spec);
  ASSERT_TRUE(serves(1)) << api::json_text(api::to_json(status()));
  ASSERT_TRUE(soon([&] { return claims_are("1Gi", "Bound"); }));
  spec["shards"]["storage"]["size"] = "2Gi";
  apply(spec);
  ASSERT_TRUE(soon([&] { return claims_are("2Gi", "Bound"); }));
  ASSERT_TRUE(serves(2));
  EXPECT_EQ(first.http.writes["patch /persistentvolumeclaims"], 2);
  // The StatefulSets keep what they were made with, and everything else of them can be changed.
  spec["shards"]["storage"]["whenDeleted"] = "Delete";
  apply(spec);
  const auto of_set = [&](const char* policy) {
    const ObjectRef place{kinds::kStatefulSet, name_space_, "demo-shard-0"};
    auto set = run(client().get(place)).value();
    return text_at(set, {"spec", "persistentVolumeClaimRetentionPolicy", policy}) + " " +
           text_at(set["spec"]["volumeClaimTemplates"][0], {"spec", "resources", "requests", "storage"});
  };
  EXPECT_TRUE(soon([&] { return of_set("whenDeleted") == "Delete 1Gi"; }));

  storage_class(false);
  spec["shards"]["storage"]["size"] = "3Gi";
  ASSERT_TRUE(soon([&] { return !first.caches.volumes_may_grow(storage_class(false)); }));
  apply(spec);
  ASSERT_TRUE(soon([&] { return is("Degraded", ConditionStatus::True, "VolumeFixed"); }))
      << api::json_text(api::to_json(status()));
  EXPECT_TRUE(is("Available", ConditionStatus::True));
  EXPECT_TRUE(claims_are("2Gi", "Bound"));
  EXPECT_EQ(first.http.writes["patch /persistentvolumeclaims"], 2);
  storage_class(true);
  EXPECT_TRUE(soon([&] { return claims_are("3Gi", "Bound") && is("Degraded", ConditionStatus::False); }))
      << api::json_text(api::to_json(status()));
}

TEST_F(Life, ExactlyTheShippedRolesAreEnoughAndUsed) {
  auto& first = begin(account());
  // What happens twice is one Event, written again after a minute.
  const Happening again{
      {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"name", name_space_}, {"namespace", name_space_}},
      false,
      "Staged",
      "Test",
      "twice"};
  first.events.record(again);
  auto spec = small();
  spec["gateways"]["publicUrl"] = "wss://{gateway}.example.org/v1/ws";
  spec["gateways"]["replicas"]["min"] = 3;
  spec["messages"]["replicas"]["min"] = 2;
  spec["shards"]["storage"]["whenDeleted"] = "Delete";
  put_old_key();  // whose successor is put beside it
  spec["shards"]["storage"]["storageClassName"] = storage_class(true);
  volumes(spec["shards"]["storage"]["storageClassName"]);
  apply(spec);
  ASSERT_TRUE(serves(1)) << ::testing::PrintToString(first.http.refused);
  ASSERT_TRUE(soon([&] { return claims_are("1Gi", "Bound"); }));
  first.events.record(again);
  spec["shards"]["storage"]["size"] = "2Gi";  // volumes grow
  spec["gateways"]["replicas"]["min"] = 2;    // a gateway's Service goes
  spec["messages"]["replicas"]["min"] = 1;    // one of a Deployment is chosen
  apply(spec);
  ASSERT_TRUE(serves(2)) << ::testing::PrintToString(first.http.refused);
  ASSERT_TRUE(soon([&] { return claims_are("2Gi", "Bound"); }));
  spec["image"] = "chatcluster:other";
  apply(spec);
  ASSERT_TRUE(serves(3)) << ::testing::PrintToString(first.http.refused);
  // Of a shard that there was once: no StatefulSet takes it away.
  Json claim = {
      {"apiVersion", "v1"},
      {"kind", "PersistentVolumeClaim"},
      {"metadata", {{"name", "data-demo-shard-9-0"}, {"namespace", name_space_}, {"labels", objects::labels("demo")}}},
      {"spec", {{"accessModes", {"ReadWriteOnce"}}, {"resources", {{"requests", {{"storage", "1Gi"}}}}}}}};
  ASSERT_TRUE(run(person().apply({kinds::kClaim, name_space_, "data-demo-shard-9-0"}, claim, {})));
  ASSERT_TRUE(remove()) << ::testing::PrintToString(first.http.refused);
  // Kept this time: what has an owner loses it.
  spec["shards"]["storage"]["whenDeleted"] = "Retain";
  apply(spec);
  ASSERT_TRUE(serves(1));
  ASSERT_TRUE(remove());
  EXPECT_TRUE(soon([&] { return first.http.used.contains("patch events.k8s.io/events"); }));
  EXPECT_THAT(first.http.refused, IsEmpty());
  std::vector<std::string> unused;
  auto rules = namespaced_rules();
  rules.insert(rules.end(), cluster_rules().begin(), cluster_rules().end());
  for (const auto& rule : rules)
    for (const auto& resource : rule.resources)
      for (const auto& verb : rule.verbs)
        if (!first.http.used.contains(verb + " " + rule.group + "/" + resource))
          unused.push_back(verb + " " + rule.group + "/" + resource);
  EXPECT_THAT(unused, IsEmpty());
}

// PostgreSQL and Redis of somebody else, real ones; nobody is a superuser there.
class LifeWithServersOfOthers : public Life {
 protected:
  using PostgresConnection = chat::io::postgres::Connection;

  LifeWithServersOfOthers() {
    for (auto& server : postgres_) {
      PostgresConnection connection(server.target());
      auto made = connection.execute("create role theirs login createdb createrole password 'their password'");
      if (!made) throw std::runtime_error(made.error().message);
    }
    auto files = shards::load_migrations(std::string(CHATCLUSTER_SOURCE_DIR) + "/migrations");
    if (!files) throw std::runtime_error(files.error().message);
    admin_of_shards_ = std::make_unique<shards::PostgresShardAdmin>(pool_, std::move(*files));
  }
  StageOperator& begin_with_real_shards() {
    operators_.push_back(
        std::make_unique<StageOperator>(io_, log_, account(), name_space_, *daemons_, *admin_of_shards_));
    return *operators_.back();
  }
  static Json external() {
    auto spec = Life::small();
    spec["shards"] = {{"external", Json::array({{{"name", "b"}, {"secretName", "postgres-b"}},
                                                {{"name", "a"}, {"secretName", "postgres-a"}}})}};
    spec["redis"] = {{"external", {{"secretName", "their-redis"}}}};
    return spec;
  }
  void put(const std::string& name, Json values) {
    Json body = {{"apiVersion", "v1"},
                 {"kind", "Secret"},
                 {"metadata", {{"name", name}, {"namespace", name_space_}}},
                 {"stringData", std::move(values)}};
    (void)take_away(name);
    auto made = run(person().create({kinds::kSecret, name_space_, name}, body));
    ASSERT_TRUE(made) << made.error().message;
  }
  bool take_away(const std::string& name) {
    const ObjectRef place{kinds::kSecret, name_space_, name};
    auto found = run(person().get(place));
    return found && run(person().remove(place, text_at(*found, {"metadata", "uid"})));
  }
  Json of_postgres(int number) const {
    const auto target = postgres_[static_cast<std::size_t>(number)].target();
    return {{"host", target.host},
            {"port", std::to_string(target.port)},
            {"user", "theirs"},
            {"password", "their password"}};
  }
  Json of_redis() const {
    const auto where = redis_.host_port();
    return {{"host", where.host}, {"port", std::to_string(where.port)}, {"password", "their redis's password"}};
  }
  bool says(const std::string& type, const std::string& reason, const std::string& words) {
    return soon([&] {
      const auto now = status();
      const auto* condition = api::find_condition(now, type);
      return condition != nullptr && condition->reason == reason && condition->message.find(words) != std::string::npos;
    });
  }
  bool is_well() {
    return soon([&] { return is("Available", ConditionStatus::True) && is("Degraded", ConditionStatus::False); });
  }
  std::string in_shard(int number, const std::string& question) {
    auto target = postgres_[static_cast<std::size_t>(number)].target();
    target.database = "chat";
    auto rows = PostgresConnection(target).execute(question);
    return rows ? (*rows)[0][0].as<std::string>() : rows.error().message;
  }

  std::array<chat::testing::PostgresServer, 2> postgres_;
  chat::testing::RedisServer redis_{"their redis's password"};
  chat::base::BlockingPool pool_{"shards", 2, 64};
  std::unique_ptr<shards::PostgresShardAdmin> admin_of_shards_;
};

TEST_F(LifeWithServersOfOthers, ServeBySecretsThatAreSaidWhereTheyLackSomething) {
  auto& first = begin_with_real_shards();
  apply(external());
  ASSERT_TRUE(says("Degraded", "SecretMissing", "postgres-a")) << api::json_text(api::to_json(status()));
  auto without_password = of_postgres(0);
  without_password.erase("password");
  put("postgres-a", without_password);
  put("postgres-b", of_postgres(1));
  ASSERT_TRUE(says("Degraded", "SecretMissing", "password")) << api::json_text(api::to_json(status()));
  put("postgres-a", of_postgres(0));
  ASSERT_TRUE(says("Degraded", "SecretMissing", "their-redis")) << api::json_text(api::to_json(status()));
  put("their-redis", of_redis());
  ASSERT_TRUE(serves(1)) << api::json_text(api::to_json(status()));
  ASSERT_TRUE(is_well());
  EXPECT_EQ(in_shard(0, "select name from shard_identity"), "shard-0");  // by name, not as the list stands
  EXPECT_EQ(in_shard(1, "select name from shard_identity"), "shard-1");
  EXPECT_EQ(in_shard(1, "select count(*)::text from bucket_owners where owner = 'shard-1'"), "2048");
  EXPECT_THAT(daemons_->last_map, HasSubstr("127.0.0.1:" + std::to_string(postgres_[1].target().port)));
  const ObjectRef file{kinds::kConfigMap, name_space_, "demo-gateway"};
  EXPECT_THAT(text_at(run(client().get(file)).value(), {"data", "daemon.yaml"}),
              HasSubstr("redis: \"127.0.0.1:" + std::to_string(redis_.host_port().port)));
  // Of ours there are none.
  EXPECT_THAT(names_of(kinds::kStatefulSet), ::testing::ElementsAre("demo-gateway"));
  EXPECT_THAT(names_of(kinds::kClaim), IsEmpty());
  EXPECT_THAT(names_of(kinds::kNetworkPolicy),
              ::testing::UnorderedElementsAre("demo-api", "demo-gateway", "demo-messages", "demo-worker"));
  EXPECT_THAT(names_of(kinds::kService), ::testing::Not(Contains("demo-redis")));
  // Daemons log in there.
  const ObjectRef secrets{kinds::kSecret, name_space_, "demo-secrets"};
  auto daemon = postgres_[0].target();
  daemon.user = daemon.database = "chat";
  daemon.password = objects::secret_value(run(client().get(secrets)).value(), objects::kPostgresChatPassword);
  EXPECT_TRUE(PostgresConnection(daemon).execute("select count(*) from bucket_ranges"));
  // I8: at rest nothing is written.
  const auto writes = first.http.all_writes();
  EXPECT_FALSE(chat::testing::eventually(
      io_, [&] { return first.http.all_writes() != writes; }, 20s));
  EXPECT_THAT(first.http.refused, IsEmpty());

  // What goes away is missed, and what was known of it counts until it is back.
  ASSERT_TRUE(take_away("postgres-b"));
  ASSERT_TRUE(says("Degraded", "SecretMissing", "postgres-b"));
  EXPECT_TRUE(is("Available", ConditionStatus::True));
  put("postgres-b", of_postgres(1));
  ASSERT_TRUE(is_well());
  // A server that is away; a password that is changed there, and then in the Secret.
  postgres_[1].kill9();
  ASSERT_TRUE(says("Available", "ShardUnavailable", "shard-1"));
  postgres_[1].start();
  ASSERT_TRUE(is_well());
  redis_.kill9();
  ASSERT_TRUE(says("Available", "RedisUnavailable", "redis"));
  redis_.start();
  ASSERT_TRUE(is_well());
  ASSERT_TRUE(PostgresConnection(postgres_[0].target()).execute("alter role theirs password 'a new one'"));
  postgres_[0].kill9();
  postgres_[0].start();
  ASSERT_TRUE(says("Available", "ShardUnavailable", "password authentication failed"));
  auto renewed = of_postgres(0);
  renewed["password"] = "a new one";
  put("postgres-a", renewed);
  ASSERT_TRUE(is_well());

  // A shard more would be one without messages.
  auto more = external();
  more["shards"]["external"].push_back({{"name", "c"}, {"secretName", "postgres-c"}});
  apply(more);
  ASSERT_TRUE(says("Degraded", "NeedsAttention", "put the list back"));
  EXPECT_TRUE(is("Available", ConditionStatus::True));
  apply(external());
  ASSERT_TRUE(is_well());

  // Another operator finds it serving.
  first.kill();
  auto& second = begin_with_real_shards();
  EXPECT_TRUE(soon([&] { return second.loop.has_decided(); }));
  EXPECT_FALSE(chat::testing::eventually(
      io_, [&] { return second.http.all_writes() != 0; }, 5s))
      << ::testing::PrintToString(second.http.writes) << api::json_text(api::to_json(status()));

  ASSERT_TRUE(remove());
  EXPECT_TRUE(soon([&] { return names_of(kinds::kPod).empty(); }));
  EXPECT_EQ(in_shard(0, "select name from shard_identity"), "shard-0");
}

TEST_F(LifeWithServersOfOthers, RedisMayBeOursFirstAndTheirsThen) {
  begin();
  apply(small());
  ASSERT_TRUE(serves(1));
  auto spec = small();
  spec["redis"] = external()["redis"];
  apply(spec);
  ASSERT_TRUE(says("Degraded", "SecretMissing", "their-redis")) << api::json_text(api::to_json(status()));
  put("their-redis", of_redis());
  ASSERT_TRUE(serves(2)) << api::json_text(api::to_json(status()));
  EXPECT_TRUE(soon([&] {
    const auto sets = names_of(kinds::kStatefulSet);
    return std::find(sets.begin(), sets.end(), "demo-redis") == sets.end();
  }));
  EXPECT_FALSE(daemons_->drained.empty());  // gateways know the new one
}

}  // namespace
}  // namespace chatop::kubernetes
