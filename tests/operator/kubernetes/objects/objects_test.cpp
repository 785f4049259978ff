#include "operator/kubernetes/objects/objects.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "dataplane/base/config.hpp"
#include "operator/api/write.hpp"
#include "tests/operator/kubernetes/objects/samples.hpp"
#include "tests/support/temp_dir.hpp"

namespace chatop::kubernetes::objects {
namespace {

using ports::Role;
using testing::HasSubstr;
using testing::Not;

std::string yaml_of(const std::vector<Json>& objects) {
  std::string text;
  for (const auto& object : objects) text += "---\n" + api::to_yaml(api::OrderedJson(object));
  return text;
}

// CHATCLUSTER_RENEW_GOLDEN=1 writes the file again: read the difference before it is committed.
void expect_golden(const std::string& name, const std::vector<Json>& objects) {
  const std::string path = "tests/operator/kubernetes/objects/golden/" + name;
  const auto text = yaml_of(objects);
  if (std::getenv("CHATCLUSTER_RENEW_GOLDEN") != nullptr)
    std::ofstream(std::string(CHATCLUSTER_SOURCE_DIR) + "/" + path) << text;
  EXPECT_TRUE(text_of(path) == text) << path << " differs from what is made now; CHATCLUSTER_RENEW_GOLDEN=1 renews it";
}

std::string reference(const Json& object) {
  return object.at("kind").get<std::string>() + "/" + object.at("metadata").at("name").get<std::string>();
}

const Json* find(const std::vector<Json>& objects, const std::string& wanted) {
  for (const auto& object : objects)
    if (reference(object) == wanted) return &object;
  return nullptr;
}

Json demo_workload(Role role, int ordinal = 0) { return workload(inputs_of(kDemo), role, ordinal); }

TEST(Objects, AreThoseOfTheGoldenFiles) {
  expect_golden("demo.yaml", all_objects(inputs_of(kDemo)));
  expect_golden("everything.yaml", all_objects(inputs_of(kEverything)));
  expect_golden("external.yaml", all_objects(inputs_of(kExternal)));
}

TEST(Objects, AreFoundByTheirClusterAndBelongToIt) {
  for (const char* sample : {kDemo, kEverything, kExternal}) {
    const auto inputs = inputs_of(sample);
    std::set<std::string> seen;
    for (const auto& object : all_objects(inputs)) {
      const auto& metadata = object.at("metadata");
      EXPECT_EQ(metadata.at("labels").at(kClusterLabel), inputs.cluster) << reference(object);
      EXPECT_EQ(metadata.at("namespace"), "chat") << reference(object);
      EXPECT_TRUE(seen.insert(reference(object)).second) << reference(object) << " is there twice";
      if (object.at("kind") == "Secret") continue;
      EXPECT_EQ(metadata.at("ownerReferences").at(0).at("uid"), inputs.uid) << reference(object);
    }
  }
}

TEST(Objects, WhatOpensKeptVolumesIsKept) {
  for (const auto& secret : secrets(inputs_of(kDemo), secret_values()))
    EXPECT_FALSE(secret.at("metadata").contains("ownerReferences")) << reference(secret);
  for (const auto& secret : secrets(inputs_of(kEverything), secret_values()))
    EXPECT_TRUE(secret.at("metadata").contains("ownerReferences")) << reference(secret);
}

TEST(Objects, NoSecretStandsOutsideOfSecrets) {
  for (const auto& object : all_objects(inputs_of(kEverything))) {
    if (object.at("kind") == "Secret") continue;
    const auto text = object.dump();
    for (const char* value : {"the admin token", "the superuser's password", "the daemons' password",
                              "the-redis-password", "the private key", "its private key"})
      EXPECT_THAT(text, Not(HasSubstr(value))) << reference(object);
  }
}

TEST(Objects, OnlyTheApiHoldsTheKeysThatSign) {
  const auto inputs = inputs_of(kDemo);
  for (const auto& each : workloads(inputs)) {
    const bool signs = reference(each) == "Deployment/demo-api";
    EXPECT_EQ(each.dump().find("\"demo-jwt\"") != std::string::npos, signs) << reference(each);
  }
}

TEST(Objects, ASecretIsReadBack) {
  const auto made = secrets(inputs_of(kDemo), secret_values());
  EXPECT_EQ(secret_value(made.at(0), kRedisPassword), "the-redis-password");
  EXPECT_EQ(secret_value(made.at(0), "nothing"), "");
  EXPECT_EQ(secret_value(Json::object(), kRedisPassword), "");
  const std::map<std::string, std::string> only_public{{"01ABC.pub.pem", "the public key"}};
  EXPECT_EQ(public_keys(made.at(1)), only_public);
}

TEST(Objects, DaemonsReadTheirConfiguration) {
  chat::testing::TempDir dir;
  for (const char* sample : {kDemo, kEverything, kExternal}) {
    const auto inputs = inputs_of(sample);
    const auto objects = base_objects(inputs);
    for (Role role : {Role::gateway, Role::api, Role::messages, Role::worker}) {
      const auto* map = find(objects, "ConfigMap/" + workload_name(inputs.cluster, role));
      ASSERT_NE(map, nullptr);
      const auto text = map->at("data").at("daemon.yaml").get<std::string>();
      const auto config = chat::base::load_daemon_config(dir.write("daemon.yaml", text));
      ASSERT_TRUE(config) << config.error().message;
      EXPECT_EQ(config->cluster, inputs.cluster);
      EXPECT_EQ(config->admin.port, kAdminPort);
      EXPECT_EQ(config->listen.port, service_port(role));
    }
  }
}

TEST(Objects, TlsIsThatOfTheSecrets) {
  const auto objects = base_objects(inputs_of(kEverything));
  const auto text = [&objects](const std::string& map, const char* file) {
    return find(objects, "ConfigMap/everything-" + map)->at("data").at(file).get<std::string>();
  };
  EXPECT_THAT(text("gateway", "daemon.yaml"), HasSubstr("\ntls_min_version: \"1.2\"\n"));
  EXPECT_THAT(text("gateway", "daemon.yaml"), HasSubstr("\nadmin_tls: true\n"));
  EXPECT_THAT(text("messages", "daemon.yaml"), Not(HasSubstr("\ntls_cert_file")));
  EXPECT_THAT(text("messages", "daemon.yaml"), HasSubstr("\npostgres_ca_file"));
  EXPECT_THAT(text("shard-0", "pg_hba.conf"), HasSubstr("\nhostssl all all all scram-sha-256\n"));
  EXPECT_THAT(text("shard-0", "pg_hba.conf"), Not(HasSubstr("\nhost ")));
  EXPECT_THAT(text("redis", "redis.conf"), HasSubstr("\nport 0\n"));

  auto outside = inputs_of(kExternal);
  outside.internal_tls = true;
  outside.external.postgres_ca.clear();
  const auto config = base_objects(outside);
  for (const char* name : {"external-gateway", "external-messages", "external-api", "external-worker"}) {
    const auto yaml = find(config, std::string("ConfigMap/") + name)->at("data").at("daemon.yaml").get<std::string>();
    EXPECT_THAT(yaml, Not(HasSubstr("postgres_ca_file"))) << name;
    EXPECT_THAT(yaml, Not(HasSubstr("redis_ca_file"))) << name;
  }
}

TEST(Objects, EachGatewayHasAServiceWhereItsAddressIsAskedFor) {
  auto inputs = inputs_of(kEverything);
  inputs.replicas[Role::gateway] = 2;
  const auto objects = base_objects(inputs);
  const auto* one = find(objects, "Service/everything-gateway-1");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->at("spec").at("selector").at("statefulset.kubernetes.io/pod-name"), "everything-gateway-1");
  EXPECT_EQ(find(objects, "Service/everything-gateway-2"), nullptr);
  EXPECT_EQ(find(base_objects(inputs_of(kDemo)), "Service/demo-gateway-0"), nullptr);
}

TEST(Objects, WhatSomebodyElseRunsIsNotMade) {
  for (const auto& object : all_objects(inputs_of(kExternal))) {
    EXPECT_THAT(reference(object), Not(HasSubstr("external-redis")));
    EXPECT_THAT(reference(object), Not(HasSubstr("external-shard")));
  }
  EXPECT_THAT(workload(inputs_of(kExternal), Role::gateway).at("spec").at("template").dump(),
              HasSubstr("someones-redis"));  // its password
}

TEST(Objects, DaemonsTrustTheCertificatesOfWhatSomebodyElseRuns) {
  auto inputs = inputs_of(kExternal);
  inputs.external.redis_ca = "-----BEGIN CERTIFICATE-----\nUmVkaXM=\n-----END CERTIFICATE-----\n";
  const auto objects = base_objects(inputs);
  const auto* trusted = find(objects, "ConfigMap/external-external-ca");
  ASSERT_NE(trusted, nullptr);
  EXPECT_EQ(trusted->at("data").size(), 2U);
  const auto text = [&objects](const std::string& map) {
    return find(objects, "ConfigMap/" + map)->at("data").at("daemon.yaml").get<std::string>();
  };
  EXPECT_THAT(text("external-gateway"), HasSubstr("\nredis: \"redis.example.org:6380\"\n"));
  EXPECT_THAT(text("external-gateway"), HasSubstr("\nredis_ca_file: \"/etc/chatcluster/external-ca/redis.crt\"\n"));
  EXPECT_THAT(text("external-gateway"), Not(HasSubstr("postgres_ca_file")));
  EXPECT_THAT(text("external-worker"),
              HasSubstr("\npostgres_ca_file: \"/etc/chatcluster/external-ca/postgres.crt\"\n"));
  EXPECT_THAT(workload(inputs, Role::worker).dump(), HasSubstr("/etc/chatcluster/external-ca"));
  EXPECT_EQ(find(base_objects(inputs_of(kDemo)), "ConfigMap/demo-external-ca"), nullptr);
}

TEST(ConfigHash, ChangesWithWhatAPodIsStartedWithAndWithNothingElse) {
  const auto before = inputs_of(kDemo);
  auto after = before;
  after.replicas[Role::gateway] = 7;
  after.map = "{\"version\": 2}";
  after.spec.limits.messages_per_minute_per_user = 1;
  after.spec.shards.storage.size = {20 * api::kGi};
  after.jwt_public_keys["02.pub.pem"] = "another";
  for (Role role : {Role::gateway, Role::api, Role::messages, Role::worker, Role::shard, Role::redis})
    EXPECT_EQ(config_hash(workload(before, role)), config_hash(workload(after, role))) << component(role);

  after = before;
  after.spec.auth.allowed_origins = {"https://app.example.org"};
  EXPECT_NE(config_hash(workload(before, Role::gateway)), config_hash(workload(after, Role::gateway)));
  EXPECT_NE(config_hash(workload(before, Role::api)), config_hash(workload(after, Role::api)));
  EXPECT_EQ(config_hash(workload(before, Role::messages)), config_hash(workload(after, Role::messages)));

  after = before;
  after.spec.shards.max_connections = 200;
  EXPECT_NE(config_hash(workload(before, Role::shard, 0)), config_hash(workload(after, Role::shard, 0)));
  EXPECT_EQ(config_hash(workload(before, Role::redis)), config_hash(workload(after, Role::redis)));

  after = before;
  after.image = "chatcluster.local/chatcluster:2.0.0";
  for (Role role : {Role::gateway, Role::api, Role::messages, Role::worker, Role::shard, Role::redis})
    EXPECT_NE(config_hash(workload(before, role)), config_hash(workload(after, role))) << component(role);
}

TEST(Workloads, GatewaysAndStoresGoOnlyWhenTheOperatorSaysSo) {
  for (const auto& set : {demo_workload(Role::gateway), demo_workload(Role::shard, 1), demo_workload(Role::redis)}) {
    EXPECT_EQ(set.at("kind"), "StatefulSet");
    EXPECT_EQ(set.at("spec").at("updateStrategy").at("type"), "OnDelete") << reference(set);
    EXPECT_EQ(set.at("spec").at("podManagementPolicy"), "Parallel") << reference(set);
  }
}

TEST(Workloads, AGatewayHasTheTimeOfItsDrain) {
  auto inputs = inputs_of(kDemo);
  inputs.spec.gateways.drain.grace_period_seconds = 300;
  EXPECT_EQ(workload(inputs, Role::gateway).at("spec").at("template").at("spec").at("terminationGracePeriodSeconds"),
            360);
  EXPECT_LT(workload(inputs, Role::api).at("spec").at("template").at("spec").at("terminationGracePeriodSeconds"), 60);
}

TEST(Workloads, VolumesStayOrGoAsTheSpecSays) {
  const auto policy = [](const char* sample) {
    return workload(inputs_of(sample), Role::shard).at("spec").at("persistentVolumeClaimRetentionPolicy");
  };
  EXPECT_EQ(policy(kDemo), (Json{{"whenDeleted", "Retain"}, {"whenScaled", "Retain"}}));
  EXPECT_EQ(policy(kEverything), (Json{{"whenDeleted", "Delete"}, {"whenScaled", "Retain"}}));
}

TEST(Workloads, AGrownVolumeLeavesTheStatefulSetAsItIs) {
  auto inputs = inputs_of(kDemo);
  const auto existing = workload(inputs, Role::shard);
  inputs.spec.shards.storage.size = {20 * api::kGi};
  inputs.spec.shards.max_connections = 77;
  const auto wanted = workload(inputs, Role::shard);
  const auto kept = keep_what_is_fixed(wanted, existing);
  EXPECT_EQ(kept.at("spec").at("volumeClaimTemplates"), existing.at("spec").at("volumeClaimTemplates"));
  EXPECT_EQ(kept.at("spec").at("template"), wanted.at("spec").at("template"));
  EXPECT_EQ(keep_what_is_fixed(wanted, Json::object()), wanted);
  EXPECT_EQ(claim_growth(inputs), Json::parse(R"({"spec":{"resources":{"requests":{"storage":"20Gi"}}}})"));
}

TEST(Names, FitInWhatKubernetesTakes) {
  const std::string longest(40, 'a');
  EXPECT_EQ(name_problem(longest), "");
  EXPECT_LE(workload_name(longest, Role::shard, 9999).size() + std::string_view("-0123456789").size(), 63u);
  EXPECT_LE(gateways_host_name(longest).size(), 63u);
  EXPECT_LE(pod_name(longest, Role::gateway, 99).size(), 63u);
  EXPECT_THAT(name_problem(std::string(42, 'a')), HasSubstr("at most 41"));
  EXPECT_THAT(name_problem("1demo"), HasSubstr("begins with a digit"));
}

}  // namespace
}  // namespace chatop::kubernetes::objects
