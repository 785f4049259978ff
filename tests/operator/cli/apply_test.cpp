#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "operator/local/resource_directory.hpp"
#include "tests/operator/cli/run_chatctl.hpp"

namespace {

using namespace chatop::cli;
using testing::HasSubstr;

TEST(Apply, CreatesThenLeavesThenChanges) {
  StateDirectory directory;
  const auto first = directory.file("demo.yaml", document("demo"));
  auto created = directory.run({"apply", "-f", first});
  EXPECT_EQ(created.code, 0);
  EXPECT_EQ(created.out, "chatcluster/demo created\n");
  EXPECT_THAT(created.err, HasSubstr("no operator looks after"));
  EXPECT_EQ(directory.run({"apply", "-f", first}).out, "chatcluster/demo unchanged\n");
  const auto more = directory.file("more.yaml", document("demo", "{gateways: {replicas: {min: 4}}}"));
  EXPECT_EQ(directory.run({"apply", "-f", more}).out, "chatcluster/demo configured\n");

  auto stored = chatop::local::ResourceDirectory(directory.state()).read("demo");
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_EQ(stored->cluster.metadata.generation, 2);
  EXPECT_EQ(stored->cluster.spec.gateways.replicas.min, 4);
  EXPECT_EQ(stored->cluster.metadata.uid.size(), 36u);
  EXPECT_FALSE(stored->cluster.metadata.creation_timestamp.empty());
}

TEST(Apply, EveryErrorIsPrintedWithFileLineAndPathAndNothingIsStored) {
  StateDirectory directory;
  const auto good = directory.file("good.yaml", document("good"));
  const auto bad = directory.file("bad.yaml", document("bad", "{gateway: {}, paused: 1}"));
  auto ran = directory.run({"apply", "-f", good, "-f", bad});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "chatctl: " + bad +
                         ":4: spec.paused is \"1\", neither true nor false: write true or false, without "
                         "quotes\nchatctl: " +
                         bad + ":4: spec.gateway is not a known field: did you mean gateways?\n");
  EXPECT_EQ(directory.run({"get", "chat"}).out, "");
}

TEST(Apply, ARefusedUpdateChangesNothing) {
  StateDirectory directory;
  ASSERT_EQ(directory.run({"apply", "-f", directory.file("demo.yaml", document("demo"))}).code, 0);
  const auto two = directory.file(
      "two.yaml", document("other") + "---\n" + document("demo", "{paused: true, shards: {initial: 3}}"));
  auto ran = directory.run({"apply", "-f", two});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(
      ran.err,
      "chatctl: chatcluster/demo: spec.shards.initial can only be set when the cluster is created (it is 2): grow "
      "with a ChatOperation splitShard, or by autoSplit\n");
  auto stored = chatop::local::ResourceDirectory(directory.state()).read("demo");
  ASSERT_TRUE(stored);
  EXPECT_FALSE(stored->cluster.spec.paused);
  EXPECT_EQ(directory.run({"get", "chat", "other"}).code, 1);  // all or nothing
}

TEST(Apply, AnOperationIsRefusedHonestly) {
  StateDirectory directory;
  auto ran = directory.run(
      {"apply", "-f",
       directory.file("drain.yaml",
                      "apiVersion: chatcluster.io/v1alpha1\nkind: ChatOperation\nmetadata: {name: go}\nspec: {cluster: "
                      "demo, type: DrainGateway, drainGateway: {gateway: gateway-0}}\n")});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("chatoperation/go: no operation is served yet by this version: DrainGateway"));
}

TEST(Apply, FilesThatCanNotBeRead) {
  StateDirectory directory;
  EXPECT_THAT(directory.run({"apply", "-f", "/nowhere.yaml"}).err, HasSubstr("/nowhere.yaml can not be read"));
  EXPECT_EQ(directory.run({"apply", "-f", "/nowhere.yaml"}).code, 1);
  EXPECT_EQ(directory.run({"apply", "-f", directory.path().string()}).code, 1);
  EXPECT_THAT(directory.run({"apply", "-f", directory.file("empty.yaml", "")}).err, HasSubstr("the document is empty"));
  EXPECT_THAT(directory.run({"apply", "-f", directory.file("large.yaml", std::string(3000000, '#'))}).err,
              HasSubstr("larger than 1 MiB"));
}

TEST(Apply, AnotherNamespaceIsRefused) {
  StateDirectory directory;
  auto yaml = document("demo");
  yaml.replace(yaml.find("{name: demo}"), 12, "{name: demo, namespace: chat}");
  auto ran = directory.run({"apply", "-f", directory.file("demo.yaml", yaml)});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("metadata.namespace is \"chat\""));
}

TEST(Apply, WhatGetPrintedIsUnchanged) {
  StateDirectory directory;
  ASSERT_EQ(directory.run({"apply", "-f", directory.file("demo.yaml", document("demo"))}).code, 0);
  for (const char* format : {"yaml", "json"}) {
    auto printed = directory.run({"get", "chatcluster", "demo", "-o", format}).out;
    EXPECT_EQ(directory.run({"apply", "-f", directory.file("again", printed)}).out, "chatcluster/demo unchanged\n");
  }
}

TEST(Delete, MarksAndThenRefusesToApply) {
  StateDirectory directory;
  const auto file = directory.file("demo.yaml", document("demo"));
  ASSERT_EQ(directory.run({"apply", "-f", file}).code, 0);
  auto deleted = directory.run({"delete", "chatcluster", "demo"});
  EXPECT_EQ(deleted.code, 0);
  EXPECT_EQ(deleted.out, "chatcluster/demo is being deleted\n");
  EXPECT_EQ(directory.run({"delete", "chat/demo"}).code, 0);  // again is fine
  auto again = directory.run({"apply", "-f", file});
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.err, HasSubstr("is being deleted"));
  EXPECT_THAT(directory.run({"get", "chat"}).out, HasSubstr("Deleting"));
  auto waited = directory.run({"delete", "chat", "demo", "--wait"});
  EXPECT_EQ(waited.code, 1);
  EXPECT_THAT(waited.err, HasSubstr("no operator looks after"));

  // What the operator does at the end.
  chatop::local::ResourceDirectory resources(directory.state());
  ASSERT_TRUE(resources.remove("demo"));
  EXPECT_EQ(directory.run({"get", "chat", "demo"}).code, 1);
  EXPECT_EQ(directory.run({"apply", "-f", file}).out, "chatcluster/demo created\n");
}

TEST(Delete, ARemovalCutShortDoesNotHitTheNextOfThatName) {
  StateDirectory directory;
  const auto file = directory.file("demo.yaml", document("demo"));
  ASSERT_EQ(directory.run({"apply", "-f", file}).code, 0);
  ASSERT_EQ(directory.run({"delete", "chat", "demo"}).code, 0);
  std::filesystem::remove(directory.state() / "resources/chatclusters/demo.yaml");  // and the operator died here
  ASSERT_EQ(directory.run({"apply", "-f", file}).code, 0);
  auto stored = chatop::local::ResourceDirectory(directory.state()).read("demo");
  ASSERT_TRUE(stored);
  EXPECT_FALSE(stored->deleting);
}

TEST(Delete, AnUnknownNameIsAFailureThatNamesTheKnownOnes) {
  StateDirectory directory;
  ASSERT_EQ(directory.run({"apply", "-f", directory.file("demo.yaml", document("demo"))}).code, 0);
  auto ran = directory.run({"delete", "chatcluster", "dmeo"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.err, "chatctl: there is no ChatCluster \"dmeo\": there are: demo\n");
}

}  // namespace
