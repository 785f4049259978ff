#include "dataplane/base/log.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "dataplane/base/clock.hpp"
#include "tests/support/temp_dir.hpp"

namespace chat::base {
namespace {

class LogFile {
 public:
  LogFile() : path_(dir_.path() / "log"), fd_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600)) {}
  ~LogFile() { ::close(fd_); }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] std::vector<nlohmann::json> lines() const {
    std::vector<nlohmann::json> out;
    std::ifstream in(path_);
    for (std::string line; std::getline(in, line);) out.push_back(nlohmann::json::parse(line));
    return out;
  }

 private:
  chat::testing::TempDir dir_;
  std::filesystem::path path_;
  int fd_;
};

TEST(Log, WritesOneJsonObjectALine) {
  LogFile file;
  Log log("gateway-0", Level::info, file.fd());
  log.info("started", {{"port", 8080}, {"ratio", 0.5}, {"ok", true}, {"name", std::string("x")}});
  log.error("failed");
  auto lines = file.lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["service"], "gateway-0");
  EXPECT_EQ(lines[0]["level"], "info");
  EXPECT_EQ(lines[0]["event"], "started");
  EXPECT_EQ(lines[0]["port"], 8080);
  EXPECT_EQ(lines[0]["ratio"], 0.5);
  EXPECT_EQ(lines[0]["ok"], true);
  EXPECT_EQ(lines[0]["name"], "x");
  EXPECT_EQ(lines[0]["timestamp"].get<std::string>().size(), 24u);
  EXPECT_EQ(lines[1]["level"], "error");
}

TEST(Log, StaysValidJsonWhateverTheValueHolds) {
  using namespace std::string_literals;
  LogFile file;
  Log log("s", Level::info, file.fd());
  const std::string hostile = "\"}\n{\"level\":\"error\"\\\t\r\x01\x7F\0end"s;
  log.info(
      "e",
      {{"v", hostile}, {"wrong", "a\xFF\xC3"}, {"surrogate", "\xED\xA0\x80"}, {"fine", "ä😀"}, {"nan", std::nan("")}});
  auto lines = file.lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["v"], hostile);
  EXPECT_EQ(lines[0]["wrong"], "a\uFFFD\uFFFD");
  EXPECT_EQ(lines[0]["surrogate"], "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(lines[0]["fine"], "ä😀");
  EXPECT_TRUE(lines[0]["nan"].is_null());
}

TEST(Log, CutsHugeValuesAndStaysValid) {
  LogFile file;
  Log log("s", Level::info, file.fd());
  std::string huge;
  while (huge.size() < 100'000) huge += "ä";
  log.info("e", {{"v", "x" + huge}});  // the cut falls into the middle of a character
  auto lines = file.lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_LT(lines[0]["v"].get<std::string>().size(), 9000u);
}

TEST(Log, DropsWhatIsBelowItsLevel) {
  LogFile file;
  Log log("s", Level::warn, file.fd());
  log.debug("a");
  log.info("b");
  log.warn("c");
  EXPECT_EQ(file.lines().size(), 1u);
}

TEST(Log, LinesOfSeveralThreadsDoNotMix) {
  LogFile file;
  Log log("s", Level::info, file.fd());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&log, t] {
      for (int i = 0; i < 200; ++i) log.info("e", {{"thread", t}, {"text", std::string(500, 'x')}});
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(file.lines().size(), 800u);
}

TEST(TraceId, IsTakenFromAValidHeaderOnly) {
  EXPECT_EQ(trace_id_of("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(trace_id_of("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"),
            "0af7651916cd43dd8448eb211c80319c");
  for (const char* wrong : {"", "00", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
                            "00-0af7651916cd43dd8448eb211c8031\"c-b7ad6b7169203331-01"}) {
    auto id = trace_id_of(wrong);
    EXPECT_EQ(id.size(), 32u) << wrong;
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos) << wrong;
    EXPECT_NE(id, "0af7651916cd43dd8448eb211c80319c") << wrong;
  }
  EXPECT_NE(new_trace_id(), new_trace_id());
}

TEST(Rfc3339, IsUtcWithMilliseconds) {
  EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(rfc3339(1'767'323'045'678), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(rfc3339(951'782'400'000), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(rfc3339(-1), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace chat::base
