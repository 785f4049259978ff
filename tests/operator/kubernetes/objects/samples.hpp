#pragma once
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "operator/api/parse.hpp"
#include "operator/kubernetes/objects/objects.hpp"

namespace chatop::kubernetes::objects {

inline std::string text_of(const std::string& path) {
  std::ifstream in(std::string(CHATCLUSTER_SOURCE_DIR) + "/" + path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// A ChatCluster's file and what the platform would add to it.
inline Inputs inputs_of(const std::string& path) {
  auto cluster = api::parse_chat_cluster(text_of(path));
  if (!cluster) throw std::runtime_error(path + ": " + api::text(cluster.error().front()));
  Inputs inputs;
  inputs.cluster = cluster->metadata.name;
  inputs.name_space = "chat";
  inputs.uid = "11111111-2222-3333-4444-555555555555";
  inputs.spec = cluster->spec;
  inputs.internal_tls = !cluster->spec.tls.secret_name.empty();
  inputs.image = "chatcluster.local/chatcluster:1.2.3";
  inputs.version = "1.2.3";
  inputs.shards = static_cast<int>(cluster->spec.shards.initial);
  inputs.map = "{\"version\": 1}\n";
  if (cluster->spec.redis.external)
    inputs.external = {"-----BEGIN CERTIFICATE-----\nUG9zdGdyZXM=\n-----END CERTIFICATE-----\n",
                       "verify-full",
                       {"redis.example.org", 6380},
                       ""};
  inputs.operator_namespace = "chatcluster-system";
  inputs.jwt_public_keys = {{"01ABC.pub.pem", "-----BEGIN PUBLIC KEY-----\nYQ==\n-----END PUBLIC KEY-----\n"}};
  return inputs;
}

inline constexpr const char* kDemo = "manifests/samples/demo.yaml";
inline constexpr const char* kEverything = "tests/operator/kubernetes/objects/everything.yaml";
inline constexpr const char* kExternal = "tests/operator/kubernetes/objects/external.yaml";

inline SecretValues secret_values() {
  return {"the admin token",
          "the superuser's password",
          "the daemons' password",
          "the-redis-password",
          {{"01ABC.pem", "the private key"}, {"01ABC.pub.pem", "the public key"}}};
}

// Each workload that the cluster has.
inline std::vector<Json> workloads(const Inputs& inputs) {
  using ports::Role;
  std::vector<Json> made;
  for (int shard = 0; inputs.spec.shards.external.empty() && shard < inputs.shards; ++shard)
    made.push_back(workload(inputs, Role::shard, shard));
  if (!inputs.spec.redis.external) made.push_back(workload(inputs, Role::redis));
  for (Role role : {Role::messages, Role::worker, Role::api, Role::gateway}) made.push_back(workload(inputs, role));
  return made;
}

// All of them, as they would be applied.
inline std::vector<Json> all_objects(const Inputs& inputs) {
  auto all = base_objects(inputs);
  all.push_back(map_object(inputs));
  for (auto& secret : secrets(inputs, secret_values())) all.push_back(std::move(secret));
  if (inputs.internal_tls) all.push_back(tls_secret(inputs, {"a certificate", "its private key", "the CA's"}));
  for (auto& each : workloads(inputs)) all.push_back(std::move(each));
  return all;
}

}  // namespace chatop::kubernetes::objects
