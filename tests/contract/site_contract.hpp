#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <sstream>

#include "operator/api/stored.hpp"
#include "operator/ports/site.hpp"

// What ports::Site promises to a command line, on a machine and on Kubernetes. A Backend has site(), and does what an
// operator does there: write_status(name, status), hold(name) (from now on a deletion waits for its end), finish(name)
// (that end). It is fresh for each test.
namespace chatop::testing {

template <class Backend>
class SiteContract : public ::testing::Test {
 protected:
  using Change = ports::Change;

  static std::string document(const std::string& name, const std::string& spec = "{}") {
    return "apiVersion: chatcluster.io/v1alpha1\nkind: ChatCluster\nmetadata: {name: " + name +
           ", labels: {team: a}}\nspec: " + spec + "\n";
  }
  static ports::Proposal proposal(const std::string& yaml) {
    auto documents = api::parse_documents(yaml);
    if (!documents || documents->size() != 1) throw std::runtime_error("not one document");
    auto written = api::as_written(yaml, *documents);
    return {std::move(documents->front()), std::move(written.front())};
  }
  ports::Judgement judge(const std::string& yaml) {
    auto judged = site().judge(proposal(yaml));
    EXPECT_TRUE(judged) << judged.error().message;
    return judged ? *judged : ports::Judgement{};
  }
  // As `apply` of the command line does it.
  Change apply(const std::string& yaml) {
    EXPECT_TRUE(site().prepare());
    auto lock = site().lock();
    EXPECT_TRUE(lock);
    const auto judged = judge(yaml);
    EXPECT_THAT(judged.refusals, ::testing::IsEmpty());
    const auto applied = site().apply(proposal(yaml));
    EXPECT_TRUE(applied) << applied.error().message;
    return judged.change;
  }
  ports::StoredCluster read(const std::string& name) {
    auto stored = site().read(name);
    EXPECT_TRUE(stored) << stored.error().message;
    return stored ? *stored : ports::StoredCluster{};
  }
  bool is_gone(const std::string& name) {
    auto stored = site().read(name);
    return !stored && stored.error().code == make_error_code(ports::SiteErrc::not_found);
  }
  static api::ChatClusterStatus serving() {
    api::ChatClusterStatus status;
    status.observed_generation = 1;
    status.conditions = {
        {"Available", api::ConditionStatus::True, "Serving", "Everything serves.", "2026-01-02T03:04:05Z", 1}};
    status.endpoints = {"ws://10.0.0.1:8080/v1/ws", "http://10.0.0.1:8081"};
    status.gateways = {2, 2, 17, {{"gateway-0", api::GatewayState::Serving, 17}}};
    status.shards = {{"shard-0", "0-4095", api::ShardState::Serving, "shard-0", 1, 0, 12, 8'000'000}};
    return status;
  }
  ports::Site& site() { return backend_.site(); }

  Backend backend_;
};

TYPED_TEST_SUITE_P(SiteContract);

TYPED_TEST_P(SiteContract, where_nothing_is_there_is_nothing) {
  EXPECT_NE(this->site().where(), "");
  EXPECT_NE(this->site().operator_command(), "");
  EXPECT_THAT(this->site().names().value(), ::testing::IsEmpty());
  EXPECT_THAT(this->site().list().value().items, ::testing::IsEmpty());
  EXPECT_TRUE(this->is_gone("demo"));
  EXPECT_EQ(this->site().operator_seen().state, ports::OperatorSeen::State::none);
  EXPECT_THAT(this->site().processes("demo"), ::testing::IsEmpty());
  EXPECT_THAT(this->site().logs("demo"), ::testing::IsEmpty());
  EXPECT_THAT(this->site().last_lines("demo", "gateway-0", 5), ::testing::IsEmpty());
  std::ostringstream out;
  EXPECT_FALSE(this->site().copy_log("demo", {"gateway-0", -1, false}, out));
  EXPECT_EQ(out.str(), "");
}

TYPED_TEST_P(SiteContract, a_document_is_created_left_and_changed) {
  using ports::Change;
  EXPECT_EQ(this->apply(this->document("demo")), Change::created);
  const auto first = this->read("demo");
  EXPECT_EQ(first.cluster.metadata.generation, 1);
  EXPECT_NE(first.cluster.metadata.uid, "");
  EXPECT_NE(first.cluster.metadata.creation_timestamp, "");
  EXPECT_EQ(first.cluster.metadata.labels.at("team"), "a");
  EXPECT_EQ(first.cluster.spec, api::ChatClusterSpec{});
  EXPECT_FALSE(first.deleting);
  EXPECT_EQ(this->apply(this->document("demo")), Change::unchanged);
  EXPECT_EQ(this->apply(this->document("demo", "{gateways: {replicas: {min: 4}}}")), Change::configured);
  const auto second = this->read("demo");
  EXPECT_EQ(second.cluster.metadata.generation, 2);
  EXPECT_EQ(second.cluster.metadata.uid, first.cluster.metadata.uid);
  EXPECT_EQ(second.cluster.spec.gateways.replicas.min, 4);
  // What is not in the document any more has its default again.
  EXPECT_EQ(this->apply(this->document("demo", "{paused: true}")), Change::configured);
  EXPECT_EQ(this->read("demo").cluster.spec.gateways.replicas.min, 2);
}

TYPED_TEST_P(SiteContract, to_judge_changes_nothing) {
  ASSERT_TRUE(this->site().prepare());
  EXPECT_EQ(this->judge(this->document("demo")).change, ports::Change::created);
  EXPECT_TRUE(this->is_gone("demo"));
  this->apply(this->document("demo"));
  EXPECT_EQ(this->judge(this->document("demo", "{paused: true}")).change, ports::Change::configured);
  EXPECT_FALSE(this->read("demo").cluster.spec.paused);
}

TYPED_TEST_P(SiteContract, what_may_not_change_is_refused_in_a_sentence) {
  this->apply(this->document("demo"));
  const auto three = this->document("demo", "{paused: true, shards: {initial: 3}}");
  const auto judged = this->judge(three);
  ASSERT_EQ(judged.refusals.size(), 1u);
  EXPECT_THAT(judged.refusals.front(), ::testing::StartsWith("chatcluster/demo: "));
  EXPECT_THAT(judged.refusals.front(),
              ::testing::HasSubstr("can only be set when the cluster is created (it is 2): grow with a ChatOperation"));
  const auto applied = this->site().apply(this->proposal(three));
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, make_error_code(ports::SiteErrc::invalid));
  EXPECT_FALSE(this->read("demo").cluster.spec.paused);
}

TYPED_TEST_P(SiteContract, all_of_them_are_listed_by_name) {
  for (const char* name : {"zebra", "ant", "bee"}) this->apply(this->document(name));
  EXPECT_THAT(this->site().names().value(), ::testing::ElementsAre("ant", "bee", "zebra"));
  const auto listing = this->site().list().value();
  EXPECT_THAT(listing.unreadable, ::testing::IsEmpty());
  ASSERT_EQ(listing.items.size(), 3u);
  EXPECT_EQ(listing.items[1].cluster, this->read("bee").cluster);
}

TYPED_TEST_P(SiteContract, the_status_is_what_the_operator_wrote) {
  this->apply(this->document("demo"));
  EXPECT_EQ(this->read("demo").cluster.status, api::ChatClusterStatus{});
  this->backend_.write_status("demo", this->serving());
  EXPECT_EQ(this->read("demo").cluster.status, this->serving());
  this->apply(this->document("demo", "{paused: true}"));
  EXPECT_EQ(this->read("demo").cluster.status, this->serving());  // until the operator has seen the change
}

TYPED_TEST_P(SiteContract, a_deletion_waits_for_its_end_and_nothing_is_applied_meanwhile) {
  this->apply(this->document("demo"));
  this->backend_.hold("demo");
  const auto uid = this->read("demo").cluster.metadata.uid;
  ASSERT_TRUE(this->site().mark_deleting("demo"));
  EXPECT_TRUE(this->read("demo").deleting);
  ASSERT_TRUE(this->site().mark_deleting("demo"));  // again is fine
  const auto judged = this->judge(this->document("demo", "{paused: true}"));
  ASSERT_EQ(judged.refusals.size(), 1u);
  EXPECT_THAT(judged.refusals.front(), ::testing::HasSubstr("chatcluster/demo is being deleted: wait for its end"));
  this->backend_.finish("demo");
  EXPECT_TRUE(this->is_gone("demo"));
  EXPECT_EQ(this->apply(this->document("demo")), ports::Change::created);
  EXPECT_NE(this->read("demo").cluster.metadata.uid, uid);
}

// A wait that is not ended by what it waits for takes longer than a test may.
constexpr std::chrono::minutes kForEver{9};

TYPED_TEST_P(SiteContract, a_watch_wakes_for_a_change_and_for_ctrl_c) {
  this->apply(this->document("demo"));
  const auto watch = this->site().watch(ports::Site::Signals::take);
  // Perhaps woken for what was there at its beginning; then nothing happens.
  for (bool seen = false; !seen;) {
    this->backend_.write_status("demo", this->serving());
    const auto woken = watch->wait(kForEver);
    EXPECT_FALSE(woken.interrupted || woken.operator_ended);
    seen = this->read("demo").cluster.status == this->serving();
  }
  std::raise(SIGINT);
  while (!watch->wait(kForEver).interrupted) {
  }
  std::raise(SIGTERM);
  while (!watch->wait(kForEver).interrupted) {
  }
}

TYPED_TEST_P(SiteContract, a_watch_ends_its_wait_in_time) {
  this->apply(this->document("demo"));
  const auto watch = this->site().watch(ports::Site::Signals::leave);
  watch->follow_operator();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(watch->wait(std::chrono::milliseconds(20)).interrupted);
}

TYPED_TEST_P(SiteContract, an_operation_is_kept_or_refused_in_a_sentence) {
  const std::string yaml =
      "apiVersion: chatcluster.io/v1alpha1\nkind: ChatOperation\nmetadata: {name: go}\n"
      "spec: {cluster: demo, type: DrainGateway, drainGateway: {gateway: gateway-0}}\n";
  ASSERT_TRUE(this->site().prepare());
  const auto judged = this->judge(yaml);
  if (!judged.refusals.empty()) {
    EXPECT_THAT(judged.refusals.front(), ::testing::HasSubstr("no operation is served yet by this version"));
    EXPECT_FALSE(this->site().apply(this->proposal(yaml)));
    ASSERT_FALSE(this->site().operations());
    EXPECT_EQ(this->site().operations().error().code, make_error_code(ports::SiteErrc::unsupported));
    EXPECT_FALSE(this->site().read_operation("go"));
    EXPECT_FALSE(this->site().delete_operation("go"));
    return;
  }
  ASSERT_TRUE(this->site().apply(this->proposal(yaml)));
  const auto listing = this->site().operations().value();
  ASSERT_EQ(listing.items.size(), 1u);
  EXPECT_EQ(listing.items.front().operation.spec.drain_gateway->gateway, "gateway-0");
  EXPECT_FALSE(listing.items.front().seen);
  EXPECT_EQ(this->site().read_operation("go").value().operation, listing.items.front().operation);
  ASSERT_TRUE(this->site().delete_operation("go"));
  EXPECT_EQ(this->site().read_operation("go").error().code, make_error_code(ports::SiteErrc::not_found));
}

REGISTER_TYPED_TEST_SUITE_P(SiteContract, where_nothing_is_there_is_nothing, a_document_is_created_left_and_changed,
                            to_judge_changes_nothing, what_may_not_change_is_refused_in_a_sentence,
                            all_of_them_are_listed_by_name, the_status_is_what_the_operator_wrote,
                            a_deletion_waits_for_its_end_and_nothing_is_applied_meanwhile,
                            a_watch_wakes_for_a_change_and_for_ctrl_c, a_watch_ends_its_wait_in_time,
                            an_operation_is_kept_or_refused_in_a_sentence);

}  // namespace chatop::testing
