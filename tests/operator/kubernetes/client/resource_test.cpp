#include "operator/kubernetes/client/resource.hpp"

#include <gtest/gtest.h>

namespace chatop::kubernetes {
namespace {

const Kind kPods{"", "v1", "pods", "Pod", true};
const Kind kSets{"apps", "v1", "statefulsets", "StatefulSet", true};
const Kind kNodes{"", "v1", "nodes", "Node", false};

TEST(Resource, HasItsPath) {
  EXPECT_EQ(path_of(kPods, "chat"), "/api/v1/namespaces/chat/pods");
  EXPECT_EQ(path_of(kPods, ""), "/api/v1/pods");
  EXPECT_EQ(path_of(kSets, "chat", "demo", "scale"), "/apis/apps/v1/namespaces/chat/statefulsets/demo/scale");
  EXPECT_EQ(path_of(kNodes, "ignored", "n1"), "/api/v1/nodes/n1");
}

TEST(Resource, ANameCanNotLeaveItsPlace) {
  EXPECT_EQ(path_of(kPods, "chat", "../../secrets?x=1"), "/api/v1/namespaces/chat/pods/..%2F..%2Fsecrets%3Fx%3D1");
  EXPECT_EQ(path_of(kPods, "..", "."), "/api/v1/namespaces/%2E%2E/pods/%2E");
}

TEST(Resource, LeavesOutWhatIsNotSet) {
  EXPECT_EQ(with_parameters("/x", {{"limit", "250"}, {"continue", ""}, {"labelSelector", "a=b,c in (d)"}}),
            "/x?limit=250&labelSelector=a%3Db%2Cc%20in%20%28d%29");
  EXPECT_EQ(with_parameters("/x", {}), "/x");
}

TEST(Resource, SelectsByAllLabels) {
  EXPECT_EQ(label_selector({{"app", "chat"}, {"role", "api"}}), "app=chat,role=api");
  EXPECT_EQ(label_selector({}), "");
}

}  // namespace
}  // namespace chatop::kubernetes
