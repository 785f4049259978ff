#include "operator/kubernetes/objects/network_policies.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/operator/kubernetes/objects/samples.hpp"

namespace chatop::kubernetes::objects {
namespace {

using ports::Role;

struct Pod {
  std::string title;
  std::string name_space;
  Json namespace_labels;
  Json labels;
};

bool matches(const Json& selector, const Json& labels) {
  const auto wanted = selector.value("matchLabels", Json::object());
  return std::all_of(wanted.items().begin(), wanted.items().end(), [&labels](const auto& each) {
    return labels.contains(each.key()) && labels[each.key()] == each.value();
  });
}

// What the documentation of NetworkPolicy says, as far as these policies use it.
class Evaluator {
 public:
  explicit Evaluator(std::vector<Json> policies) : policies_(std::move(policies)) {}

  bool allowed(const Pod& from, const Pod& to, int port) const {
    return side(from, to, port, "Egress", "egress", "to") && side(to, from, port, "Ingress", "ingress", "from");
  }

 private:
  bool side(const Pod& subject, const Pod& other, int port, const char* type, const char* rules,
            const char* peers) const {
    bool isolated = false;
    for (const auto& policy : policies_) {
      const auto& spec = policy.at("spec");
      const auto& types = spec.at("policyTypes");
      if (policy.at("metadata").at("namespace") != subject.name_space) continue;
      if (!matches(spec.at("podSelector"), subject.labels)) continue;
      if (std::find(types.begin(), types.end(), type) == types.end()) continue;
      isolated = true;
      for (const auto& rule : spec.at(rules))
        if (has_port(rule, port) && has_peer(rule, peers, policy, other)) return true;
    }
    return !isolated;
  }
  static bool has_port(const Json& rule, int port) {
    if (!rule.contains("ports")) return true;
    return std::any_of(rule["ports"].begin(), rule["ports"].end(),
                       [port](const auto& each) { return each["protocol"] == "TCP" && each["port"] == port; });
  }
  static bool has_peer(const Json& rule, const char* peers, const Json& policy, const Pod& other) {
    if (!rule.contains(peers)) return true;
    return std::any_of(rule[peers].begin(), rule[peers].end(), [&](const Json& peer) {
      const bool place = peer.contains("namespaceSelector") ? matches(peer["namespaceSelector"], other.namespace_labels)
                                                            : other.name_space == policy.at("metadata").at("namespace");
      return place && (!peer.contains("podSelector") || matches(peer["podSelector"], other.labels));
    });
  }

  std::vector<Json> policies_;
};

Json namespace_named(const std::string& name) { return {{"kubernetes.io/metadata.name", name}}; }

Pod pod_of(const Inputs& inputs, const std::string& title, Role role, int ordinal = 0) {
  return {title, inputs.name_space, namespace_named(inputs.name_space),
          workload(inputs, role, ordinal).at("spec").at("template").at("metadata").at("labels")};
}

std::vector<Pod> everyone(const Inputs& inputs) {
  auto neighbour = inputs;
  neighbour.cluster = "other";
  Json monitored = namespace_named("monitoring");
  monitored["chatcluster.io/monitoring"] = "true";
  return {pod_of(inputs, "gateway", Role::gateway),
          pod_of(inputs, "api", Role::api),
          pod_of(inputs, "messages", Role::messages),
          pod_of(inputs, "worker", Role::worker),
          pod_of(inputs, "shard", Role::shard, 0),
          pod_of(inputs, "redis", Role::redis),
          {"operator", "chatcluster-system", namespace_named("chatcluster-system"), operator_labels()},
          {"prometheus", "monitoring", monitored, {{"app", "prometheus"}}},
          {"stranger", "chat", namespace_named("chat"), {{"app", "stranger"}}},
          {"impostor", "elsewhere", namespace_named("elsewhere"), operator_labels()},
          {"beside-operator", "chatcluster-system", namespace_named("chatcluster-system"), {{"app", "x"}}},
          pod_of(neighbour, "other-gateway", Role::gateway),
          pod_of(neighbour, "other-api", Role::api),
          pod_of(neighbour, "other-messages", Role::messages),
          pod_of(neighbour, "other-worker", Role::worker),
          pod_of(neighbour, "other-shard", Role::shard)};
}

// Whoever comes, by "from to:port", of what is ours.
std::set<std::string> talks(const Inputs& inputs) {
  const Evaluator evaluator(network_policies(inputs));
  const auto pods = everyone(inputs);
  std::set<std::string> found;
  for (const auto& from : pods) {
    for (std::size_t to = 0; to < 6; ++to) {
      for (int port : {22, 5432, 6379, 7000, 8080, 8081, 9090})
        if (evaluator.allowed(from, pods[to], port))
          found.insert(from.title + " " + pods[to].title + ":" + std::to_string(port));
    }
  }
  return found;
}

std::set<std::string> expected() {
  std::set<std::string> pairs{
      "gateway messages:7000",   "gateway redis:6379",  "api messages:7000",        "api redis:6379",
      "api shard:5432",          "api gateway:9090",    "messages redis:6379",      "messages shard:5432",
      "worker shard:5432",       "shard shard:5432",    "operator shard:5432",      "operator redis:6379",
      "operator gateway:9090",   "operator api:9090",   "operator messages:9090",   "operator worker:9090",
      "prometheus gateway:9090", "prometheus api:9090", "prometheus messages:9090", "prometheus worker:9090"};
  // Doors that are open to anyone who may go out: those with policies of their own go only where they must.
  for (const char* anyone : {"operator", "prometheus", "stranger", "impostor", "beside-operator", "other-gateway",
                             "other-api", "other-messages", "other-worker", "other-shard"}) {
    pairs.insert(std::string(anyone) + " gateway:8080");
    pairs.insert(std::string(anyone) + " api:8081");
  }
  return pairs;
}

TEST(NetworkPolicies, OnlyWhoMustTalkMay) { EXPECT_EQ(talks(inputs_of(kDemo)), expected()); }

TEST(NetworkPolicies, ASecondClusterOfTheNamespaceIsKeptApart) {
  const auto inputs = inputs_of(kDemo);
  auto neighbour = inputs;
  neighbour.cluster = "other";
  auto both = network_policies(inputs);
  for (auto& policy : network_policies(neighbour)) both.push_back(std::move(policy));
  const Evaluator evaluator(both);
  for (const auto& from : everyone(inputs)) {
    if (!from.title.starts_with("other-")) continue;
    for (const auto& to : everyone(inputs)) {
      if (to.title.starts_with("other-") || to.name_space != "chat") continue;
      for (int port : {5432, 6379, 7000, 8080, 8081, 9090})
        EXPECT_FALSE(evaluator.allowed(from, to, port)) << from.title << " " << to.title << " " << port;
    }
  }
}

TEST(NetworkPolicies, WhoUsesWhatSomebodyElseRunsMayGoAnywhere) {
  const auto inputs = inputs_of(kExternal);
  const Evaluator evaluator(network_policies(inputs));
  const Pod far{"far", "internet", Json::object(), Json::object()};
  for (Role role : {Role::gateway, Role::api, Role::messages, Role::worker})
    EXPECT_TRUE(evaluator.allowed(pod_of(inputs, "one", role), far, 25060)) << component(role);
  const auto ours = inputs_of(kDemo);
  const Evaluator closed(network_policies(ours));
  for (Role role : {Role::gateway, Role::api, Role::messages, Role::worker, Role::shard, Role::redis})
    EXPECT_FALSE(closed.allowed(pod_of(ours, "one", role), far, 25060)) << component(role);
}

TEST(NetworkPolicies, EveryoneFindsNames) {
  for (const auto& policy : network_policies(inputs_of(kDemo))) {
    const auto& egress = policy.at("spec").at("egress");
    EXPECT_TRUE(std::any_of(egress.begin(), egress.end(), [](const Json& rule) {
      return rule.at("ports").dump().find("{\"port\":53,\"protocol\":\"UDP\"}") != std::string::npos;
    })) << policy.at("metadata").at("name");
  }
}

}  // namespace
}  // namespace chatop::kubernetes::objects
