#include "operator/daemons/daemon_report.hpp"

#include <gtest/gtest.h>

namespace chatop::daemons {
namespace {

constexpr const char* kServing = R"({"state":"Serving","map_version":12,"connections":3,
    "findings":[{"reason":"FilesShort","message":"raise the limit"},{"reason":"Second","message":"more"}]})";

TEST(DaemonReport, TakesWhatTheDaemonSays) {
  const auto report = daemon_report(200, kServing, 200, "ready");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->ready);
  EXPECT_EQ(report->not_ready, "");
  EXPECT_EQ(report->state, "Serving");
  EXPECT_EQ(report->map_version, 12);
  EXPECT_EQ(report->connections, 3);
  EXPECT_FALSE(report->draining);
  const std::vector<ports::Finding> both{{"FilesShort", "raise the limit"}, {"Second", "more"}};
  EXPECT_EQ(report->findings, both);
}

TEST(DaemonReport, OneThatIsNotReadySaysWhy) {
  const auto report = daemon_report(200, R"({"state":"Starting"})", 503, "no shard answers");
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->ready);
  EXPECT_EQ(report->not_ready, "no shard answers");
}

TEST(DaemonReport, AnApiThatKnowsNoGatewayIsNotReadyThoughItsProcessIs) {
  const auto report = daemon_report(200, R"({"state":"Serving","reaches_gateways":false})", 200, "ready");
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->ready);
  EXPECT_NE(report->not_ready.find("gateway"), std::string::npos);
  EXPECT_TRUE(daemon_report(200, R"({"state":"Serving","reaches_gateways":true})", 200, "ready")->ready);
  EXPECT_EQ(daemon_report(200, R"({"state":"Serving","reaches_gateways":false})", 503, "stopping")->not_ready,
            "stopping");
}

TEST(DaemonReport, DrainsBySayingSoOrByItsState) {
  EXPECT_TRUE(daemon_report(200, R"({"state":"Draining"})", 503, "")->draining);
  EXPECT_TRUE(daemon_report(200, R"({"state":"Serving","draining":true})", 200, "")->draining);
  EXPECT_FALSE(daemon_report(200, R"({"state":"Serving","draining":"true"})", 200, "")->draining);
}

TEST(DaemonReport, WhatListensInADaemonsPlaceIsNoReport) {
  for (const char* body : {"", "<html>", "[]", "7", "{"}) {
    const auto report = daemon_report(200, body, 200, "");
    ASSERT_FALSE(report) << body;
    EXPECT_EQ(report.error().message, "/status answered 200");
  }
  EXPECT_FALSE(daemon_report(401, kServing, 200, ""));
}

TEST(DaemonReport, IsBoundedAndText) {
  std::string many = R"({"state":7,"map_version":"12","connections":1e99,"findings":[null)";
  for (int i = 0; i < 100; ++i) many += R"(,{"reason":"R","message":"ü)" + std::string(900, 'x') + "\"}";
  const auto report = daemon_report(200, many + "]}", 503, "\xff\xfe");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->state, "");
  EXPECT_EQ(report->map_version, 0);
  EXPECT_EQ(report->connections, 0);
  ASSERT_EQ(report->findings.size(), 20U);
  EXPECT_EQ(report->findings.front().message.size(), 600U);
  EXPECT_EQ(report->not_ready, "/readyz answered no text");
  std::string umlauts;
  for (int i = 0; i < 200; ++i) umlauts += "ü";
  EXPECT_EQ(daemon_report(200, "{}", 503, "x" + umlauts)->not_ready.size(), 299U);
}

}  // namespace
}  // namespace chatop::daemons
