#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/operator/cli/run_chatctl.hpp"

namespace {

using namespace chatop::cli;
using testing::HasSubstr;

TEST(Down, WhereNothingRunsThereIsNothingToStop) {
  StateDirectory directory;
  auto ran = directory.run({"down"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("nothing runs in"));
}

TEST(Down, PurgeRefusesADirectoryThatHoldsWhatIsNotOurs) {
  StateDirectory directory;
  std::filesystem::create_directories(directory.state() / "resources");
  std::ofstream(directory.state() / "thesis.txt") << "years of work";
  auto ran = directory.run({"down", "--purge"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("holds what is not ours (thesis.txt)"));
  EXPECT_TRUE(std::filesystem::exists(directory.state() / "thesis.txt"));
  EXPECT_TRUE(std::filesystem::exists(directory.state() / "resources"));
}

TEST(Up, AWrongDocumentStartsNothing) {
  StateDirectory directory;
  auto ran = directory.run({"up", directory.file("bad.yaml", document("demo", "{paused: 1}")), "--detach"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("spec.paused"));
  EXPECT_FALSE(std::filesystem::exists(directory.state()));
}

}  // namespace
