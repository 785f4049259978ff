#include "operator/cli/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/operator/cli/run_chatctl.hpp"

namespace {

using namespace chatop::cli;
using testing::HasSubstr;

TEST(CommandLine, BadUsageEndsWithTwoAndSaysWhatWasMeant) {
  StateDirectory directory;
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"aply"}, "did you mean apply?"},
      {{"frobnicate"}, "there is no verb \"frobnicate\""},
      {{"drain", "gateway-0"}, "drain is not served yet by this version"},
      {{"get"}, "KIND"},
      {{"get", "chatclustr"}, "did you mean chatcluster?"},
      {{"get", "pods"}, "write chatcluster NAME"},
      {{"get", "chat", "-o", "xml"}, "xml"},
      {{"get", "chat", "a", "b"}, "b"},
      {{"get", "chat", "--nonsense"}, "--nonsense"},
      {{"apply"}, "-f"},
      {{"up"}, "FILE"},
      {{"up", "x.yaml", "--timeout", "soon"}, "soon"},
      {{"delete", "chatcluster"}, "the name is missing"},
      {{"logs"}, "PROCESS"},
      {{"logs", "redis", "--tail", "-1"}, "tail"},
  };
  for (const auto& [arguments, piece] : cases) {
    auto ran = directory.run(arguments);
    EXPECT_EQ(ran.code, 2) << arguments.front() << ": " << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(piece)) << arguments.front();
    EXPECT_EQ(ran.out, "") << arguments.front();
  }
  EXPECT_EQ(directory.run({}).code, 2);
}

TEST(CommandLine, VersionAndHelpAreSuccess) {
  StateDirectory directory;
  EXPECT_EQ(directory.run({"version"}).out, "chatctl " CHATCLUSTER_VERSION "\n");
  EXPECT_EQ(directory.run({"version"}).code, 0);
  for (const char* flag : {"--help", "--version"}) {
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(chatop::cli::run(chatctl(), {flag}, out, err, false), 0);
    EXPECT_NE(out.str(), "");
    EXPECT_EQ(err.str(), "");
  }
  EXPECT_THAT(directory.run({"up", "--help"}).out, HasSubstr("--detach"));
}

TEST(CommandLine, OperationsAreAnHonestError) {
  StateDirectory directory;
  EXPECT_THAT(directory.run({"get", "chatop"}).err, HasSubstr("no operation is served yet by this version"));
}

}  // namespace
