#include "operator/kubernetes/platform/rbac.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace chatop::kubernetes {
namespace {

TEST(Rbac, NamesEveryVerbAndNeverLetsSecretsBeListed) {
  for (const auto* rules : {&namespaced_rules(), &cluster_rules(), &leader_rules()}) {
    for (const auto& rule : *rules) {
      EXPECT_EQ(std::count(rule.verbs.begin(), rule.verbs.end(), "*"), 0);
      EXPECT_EQ(std::count(rule.resources.begin(), rule.resources.end(), "*"), 0);
      if (std::count(rule.resources.begin(), rule.resources.end(), "secrets") == 0) continue;
      for (const char* verb : {"list", "watch", "update", "deletecollection"})
        EXPECT_EQ(std::count(rule.verbs.begin(), rule.verbs.end(), verb), 0) << verb;
    }
  }
}

TEST(Rbac, OneNamespaceNeedsAClusterRoleForWhatHasNoNamespaceOnly) {
  const auto all = roles(Scope::all_namespaces);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0]["kind"], "ClusterRole");
  EXPECT_EQ(all[1]["kind"], "Role");
  const auto one = roles(Scope::one_namespace);
  ASSERT_EQ(one.size(), 3U);
  EXPECT_EQ(one[0]["kind"], "Role");
  EXPECT_EQ(one[0]["rules"].size(), namespaced_rules().size());
  EXPECT_EQ(one[1]["kind"], "ClusterRole");
  EXPECT_EQ(one[1]["rules"].size(), cluster_rules().size());
  EXPECT_EQ(one[2]["metadata"]["name"], "chat-operator-leader");
}

}  // namespace
}  // namespace chatop::kubernetes
