#include "operator/kubernetes/control/lease_terms.hpp"

#include <gtest/gtest.h>

namespace chatop::kubernetes {
namespace {

using chat::base::Json;
using chat::base::SteadyTime;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Step = LeaseView::Step;

LeaseRecord record(const std::string& holder, int transitions, const std::string& version) {
  LeaseRecord record;
  record.holder = holder;
  record.duration = seconds(9);
  record.transitions = transitions;
  record.resource_version = version;
  return record;
}

class LeaseViewTest : public ::testing::Test {
 protected:
  SteadyTime now_{std::chrono::hours(1)};
  LeaseView view_{"me", {}};
};

TEST_F(LeaseViewTest, TakesALeaseThatIsNobodys) {
  view_.seen(std::nullopt, now_);
  EXPECT_EQ(view_.next(now_), Step::acquire);
  EXPECT_EQ(view_.wanted(Step::acquire, "t").transitions, 1);
  view_.seen(record("", 7, "1"), now_);
  EXPECT_EQ(view_.next(now_), Step::acquire);
  EXPECT_EQ(view_.wanted(Step::acquire, "t").transitions, 8) << "each holding is an epoch of its own";
}

TEST_F(LeaseViewTest, WaitsAsLongAsItSeesRenewals) {
  for (int i = 0; i < 20; ++i) {
    view_.seen(record("other", 3, std::to_string(i)), now_);
    now_ += milliseconds(8'900);
    EXPECT_EQ(view_.next(now_), Step::wait);
  }
  now_ += milliseconds(100);
  EXPECT_EQ(view_.next(now_), Step::acquire);
  EXPECT_EQ(view_.wanted(Step::acquire, "t").transitions, 4);
}

TEST_F(LeaseViewTest, NeitherAnOldNorAFutureTimeInItMatters) {
  auto skewed = record("other", 3, "1");
  skewed.renewed = "1999-01-01T00:00:00.000000Z";
  view_.seen(skewed, now_);
  EXPECT_EQ(view_.next(now_ + seconds(8)), Step::wait) << "its clock may be wrong; ours saw it just now";
  skewed.renewed = "2999-01-01T00:00:00.000000Z";
  view_.seen(skewed, now_ + seconds(8));
  EXPECT_EQ(view_.next(now_ + seconds(9)), Step::acquire) << "the same version is no renewal";
}

TEST_F(LeaseViewTest, GivesALongerLeaseOfAnotherVersionItsTime) {
  auto longer = record("other", 3, "1");
  longer.duration = seconds(15);
  view_.seen(longer, now_);
  EXPECT_EQ(view_.next(now_ + seconds(14)), Step::wait);
  EXPECT_EQ(view_.next(now_ + seconds(15)), Step::acquire);
}

TEST_F(LeaseViewTest, TheHoldCountsFromWhenItsWriteWasSent) {
  view_.seen(std::nullopt, now_);
  view_.written(record("me", 1, "1"), now_, now_ + seconds(2));
  EXPECT_TRUE(view_.leads(now_ + milliseconds(5'999)));
  EXPECT_FALSE(view_.leads(now_ + seconds(6)));
  EXPECT_EQ(view_.epoch(), 1);
  EXPECT_EQ(view_.next(now_ + seconds(3)), Step::renew);
  EXPECT_EQ(view_.wanted(Step::renew, "t").transitions, 1);
}

TEST_F(LeaseViewTest, AHoldThatRanOutIsTakenAnewInANewEpoch) {
  view_.written(record("me", 1, "1"), now_, now_);
  now_ += seconds(6);
  EXPECT_EQ(view_.next(now_), Step::acquire);
  EXPECT_EQ(view_.wanted(Step::acquire, "t").transitions, 2);
}

TEST_F(LeaseViewTest, SomebodyElsesRecordEndsItAtOnce) {
  view_.written(record("me", 1, "1"), now_, now_);
  view_.seen(record("other", 2, "2"), now_ + seconds(1));
  EXPECT_FALSE(view_.leads(now_ + seconds(1)));
  EXPECT_EQ(view_.next(now_ + seconds(1)), Step::wait);
}

TEST_F(LeaseViewTest, AReleaseLetsTheNextOneBeginAtOnce) {
  view_.written(record("me", 4, "1"), now_, now_);
  auto released = view_.wanted_release("t");
  view_.released();
  EXPECT_FALSE(view_.leads(now_));
  EXPECT_EQ(released.transitions, 4);
  LeaseView other("other", {});
  other.seen(released, now_);
  EXPECT_EQ(other.next(now_), Step::acquire);
}

// Two candidates, every order of what may happen to their requests: renewals that arrive late, answers that get lost,
// pauses. Whatever happens, they never lead at the same time, nor within the time that a write may still take.
TEST(LeaseFence, NoTwoLeadAtOnceWhateverGetsLost) {
  const LeaseTerms terms;
  for (unsigned seed = 1; seed <= 400; ++seed) {
    unsigned state = seed * 2'654'435'761U;
    auto dice = [&state](unsigned sides) {
      state = state * 1'664'525U + 1'013'904'223U;
      return (state >> 16U) % sides;
    };
    LeaseView views[2] = {{"0", terms}, {"1", terms}};
    std::optional<LeaseRecord> server;
    int version = 0;
    SteadyTime now{std::chrono::hours(1)};
    SteadyTime led_until[2] = {};
    std::int64_t newest_epoch = 0;
    int changes = 0;
    for (int tick = 0; tick < 600; ++tick) {
      now += milliseconds(100 + dice(400));
      auto who = dice(2);
      auto& view = views[who];
      if (dice(4) != 0 && !view.leads(now)) view.seen(server, now);
      auto step = view.next(now);
      if (step == Step::wait || dice(3) == 0) continue;
      auto sent = now;
      auto wanted = view.wanted(step, "t");
      auto known = view.record() ? view.record()->resource_version : "";
      now += milliseconds(dice(1'900));                                 // on its way
      if (dice(5) == 0) continue;                                       // lost before the server
      if ((server ? server->resource_version : "") != known) continue;  // conflict
      wanted.resource_version = std::to_string(++version);
      server = wanted;
      if (dice(4) == 0) continue;  // its answer is lost
      view.written(*server, sent, now);
      if (view.leads(now)) {
        EXPECT_LE(led_until[1 - who], sent) << "seed " << seed;
        led_until[who] = view.writes_until();
        if (view.epoch() != newest_epoch) ++changes;
        EXPECT_GE(view.epoch(), newest_epoch) << "seed " << seed;
        newest_epoch = view.epoch();
      }
    }
    EXPECT_GT(changes, 1) << "nothing happened with seed " << seed;
  }
}

TEST(LeaseObject, KeepsWhatOthersPutThere) {
  Json before = {{"metadata", {{"resourceVersion", "5"}, {"labels", {{"mine", "yes"}}}}},
                 {"spec", {{"strategy", "x"}}}};
  auto lease = lease_object(before, "chat", "operator", record("me", 2, ""));
  EXPECT_EQ(lease["metadata"]["labels"]["mine"], "yes");
  EXPECT_EQ(lease["metadata"]["resourceVersion"], "5");
  EXPECT_EQ(lease["spec"]["strategy"], "x");
  EXPECT_EQ(lease["spec"]["holderIdentity"], "me");
  auto read = lease_record(lease);
  EXPECT_EQ(read.transitions, 2);
  EXPECT_EQ(read.duration, seconds(9));
  EXPECT_EQ(lease_record(Json::parse(R"({"spec":5})")).holder, "");
}

TEST(LeaseTime, HasMicroseconds) { EXPECT_EQ(lease_time(1'767'323'045'678), "2026-01-02T03:04:05.678000Z"); }

}  // namespace
}  // namespace chatop::kubernetes
