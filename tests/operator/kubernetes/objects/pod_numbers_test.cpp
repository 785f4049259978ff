#include "operator/kubernetes/objects/pod_numbers.hpp"

#include <gtest/gtest.h>

namespace chatop::kubernetes::objects {
namespace {

using Numbers = std::map<std::string, std::string>;

TEST(PodNumbers, TheOldestIsZeroInWhateverOrderTheyAreListed) {
  const SeenPod a{"a", "api", "2026-01-01T00:00:01Z"};
  const SeenPod b{"b", "api", "2026-01-01T00:00:02Z"};
  const SeenPod c{"c", "api", "2026-01-01T00:00:02Z"};  // made in the same second: by UID
  const Numbers expected{{"a", "api-0"}, {"b", "api-1"}, {"c", "api-2"}};
  EXPECT_EQ(number_pods({a, b, c}), expected);
  EXPECT_EQ(number_pods({c, b, a}), expected);
}

TEST(PodNumbers, OneThatEndsLeavesItsNumberToTheNext) {
  EXPECT_EQ(number_pods({{"a", "worker", "1", true}, {"b", "worker", "2"}, {"c", "worker", "3"}}),
            (Numbers{{"b", "worker-0"}, {"c", "worker-1"}}));
}

TEST(PodNumbers, EachDeploymentIsNumberedByItselfAndWhatHasANumberIsLeftOut) {
  EXPECT_EQ(
      number_pods(
          {{"a", "api", "1"}, {"m", "messages", "2"}, {"g", "gateway", "3"}, {"s", "shard", "4"}, {"x", "", "5"}}),
      (Numbers{{"a", "api-0"}, {"m", "messages-0"}}));
}

}  // namespace
}  // namespace chatop::kubernetes::objects
