#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/operator/cli/run_chatctl.hpp"

namespace {

using namespace chatop::cli;

class Logs : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(directory_.run({"apply", "-f", directory_.file("demo.yaml", document("demo"))}).code, 0);
    std::filesystem::create_directories(directory_.state() / "clusters/demo/logs");
    std::ofstream log(directory_.state() / "clusters/demo/logs/gateway-0.log");
    for (int i = 0; i < 20000; ++i) log << "line " << i << "\n";
  }
  StateDirectory directory_;
};

TEST_F(Logs, TheLastLinesOrAll) {
  EXPECT_EQ(directory_.run({"logs", "gateway-0", "--tail", "2"}).out, "line 19998\nline 19999\n");
  EXPECT_EQ(directory_.run({"logs", "gateway-0", "--tail", "0"}).out, "");
  const auto all = directory_.run({"logs", "gateway-0"}).out;
  EXPECT_THAT(all, testing::StartsWith("line 0\n"));
  EXPECT_THAT(all, testing::EndsWith("line 19999\n"));
  EXPECT_EQ(directory_.run({"logs", "gateway-0", "--tail", "90000"}).out, all);
  const auto many = directory_.run({"logs", "gateway-0", "--tail", "15000", "--cluster", "demo"}).out;
  EXPECT_THAT(many, testing::StartsWith("line 5000\n"));
}

TEST_F(Logs, AnUnknownProcessNamesTheKnownOnes) {
  auto ran = directory_.run({"logs", "gatewey-0"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.err,
            "chatctl: there is no process \"gatewey-0\": did you mean gateway-0? There are: gateway-0, operator\n");
}

TEST_F(Logs, OfTheOperator) {
  EXPECT_EQ(directory_.run({"logs", "operator"}).code, 1);  // there was none yet
  std::ofstream(directory_.state() / "operator.log") << "started\n";
  EXPECT_EQ(directory_.run({"logs", "operator"}).out, "started\n");
}

}  // namespace
