#include "operator/kubernetes/control/cache.hpp"

#include <gtest/gtest.h>

namespace chatop::kubernetes {
namespace {

using chat::base::Json;
using Type = WatchEvent::Type;

Json object(const std::string& name, const std::string& uid, int data = 0) {
  return {{"metadata", {{"namespace", "chat"}, {"name", name}, {"uid", uid}}}, {"data", data}};
}

std::string told(const std::vector<Change>& changes) {
  std::string text;
  for (const auto& change : changes) text += std::string(1, "+~-"[static_cast<int>(change.type)]) + change.key + " ";
  return text;
}

TEST(Cache, IsSyncedByACompleteListAlsoAnEmptyOne) {
  Cache cache;
  EXPECT_FALSE(cache.synced());
  EXPECT_EQ(told(cache.replace({})), "");
  EXPECT_TRUE(cache.synced());
}

TEST(Cache, AListTellsWhatIsDifferentFromBefore) {
  Cache cache;
  EXPECT_EQ(told(cache.replace({object("a", "1"), object("b", "2")})), "+chat/a +chat/b ");
  EXPECT_EQ(told(cache.replace({object("a", "1"), object("b", "2", 5), object("c", "3")})), "~chat/b +chat/c ");
  EXPECT_EQ(told(cache.replace({object("c", "3")})), "-chat/a -chat/b ");
  EXPECT_EQ(cache.size(), 1U);
}

TEST(Cache, EventsChangeIt) {
  Cache cache;
  EXPECT_EQ(told(cache.take(Type::added, object("a", "1"))), "+chat/a ");
  EXPECT_EQ(told(cache.take(Type::modified, object("a", "1"))), "") << "what is kept of it is the same";
  EXPECT_EQ(told(cache.take(Type::modified, object("a", "1", 2))), "~chat/a ");
  EXPECT_EQ(cache.find("chat/a")->at("data"), 2);
  EXPECT_EQ(told(cache.take(Type::bookmark, Json::object())), "");
  EXPECT_EQ(told(cache.take(Type::deleted, object("a", "1"))), "-chat/a ");
  EXPECT_EQ(told(cache.take(Type::deleted, object("a", "1"))), "");
  EXPECT_EQ(cache.find("chat/a"), nullptr);
}

TEST(Cache, ANamesakeIsAnotherObject) {
  Cache cache;
  EXPECT_EQ(told(cache.replace({object("a", "1")})), "+chat/a ");
  EXPECT_EQ(told(cache.take(Type::modified, object("a", "2"))), "-chat/a +chat/a ");
  EXPECT_EQ(told(cache.replace({object("a", "3")})), "-chat/a +chat/a ");
}

TEST(Cache, WhatIsLookedAtStaysUntilItFolds) {
  Cache cache;
  ASSERT_EQ(told(cache.replace({object("a", "1", 7), object("ab", "2"), object("b", "3")})),
            "+chat/a +chat/ab +chat/b ");
  const auto* a = cache.find("chat/a");
  EXPECT_EQ(*a, object("a", "1", 7)) << "all of it comes back";
  EXPECT_EQ(cache.find("chat/a"), a) << "and is the same one";
  const auto all = cache.starting_with("chat/a");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0], a);
  EXPECT_EQ(*all[1], object("ab", "2"));
  cache.fold();
  EXPECT_EQ(*cache.find("chat/a"), object("a", "1", 7));
  EXPECT_EQ(told(cache.take(Type::modified, object("a", "1", 8))), "~chat/a ");
  EXPECT_EQ(cache.find("chat/a")->at("data"), 8);
}

}  // namespace
}  // namespace chatop::kubernetes
