#include "operator/kubernetes/client/watch_stream.hpp"

#include <gtest/gtest.h>

#include "tests/operator/kubernetes/scripted_http.hpp"
#include "tests/support/run_task.hpp"

namespace chatop::kubernetes {
namespace {

TEST(WatchLine, IsAnEventWithWhereToGoOn) {
  auto event = parse_watch_line(R"({"type":"MODIFIED","object":{"metadata":{"name":"a","resourceVersion":"9"}}})");
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ(event->type, WatchEvent::Type::modified);
  EXPECT_EQ(event->resource_version, "9");
  EXPECT_EQ(parse_watch_line(R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"10"}}})")->type,
            WatchEvent::Type::bookmark);
}

TEST(WatchLine, AnErrorOfTheServerIsOne) {
  auto gone = parse_watch_line(
      R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version"}})");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ApiErrc::gone);
  EXPECT_EQ(gone.error().message, "too old resource version");
  EXPECT_EQ(parse_watch_line(R"({"type":"ERROR","object":{}})").error().code, ApiErrc::server);
}

TEST(WatchLine, WhatIsNoEventIsMalformed) {
  for (const char* line : {"", "[]", "{", R"({"type":"ADDED"})", R"({"type":5,"object":{}})",
                           R"({"type":"NEWS","object":{"metadata":{"resourceVersion":"1"}}})",
                           R"({"type":"ADDED","object":{"metadata":{}}})", R"({"type":"ADDED","object":{}})"})
    EXPECT_EQ(parse_watch_line(line).error().code, ApiErrc::malformed) << line;
}

TEST(Lines, AreCutWhereverTheBytesWereCut) {
  Lines lines(16);
  EXPECT_TRUE(lines.feed("on"));
  EXPECT_FALSE(lines.next());
  EXPECT_TRUE(lines.feed("e\n\ntwo\nth"));
  EXPECT_EQ(lines.next(), "one");
  EXPECT_EQ(lines.next(), "two");
  EXPECT_FALSE(lines.next());
  EXPECT_TRUE(lines.feed("ree\n"));
  EXPECT_EQ(lines.next(), "three");
}

TEST(Lines, AreBounded) {
  Lines lines(4);
  EXPECT_TRUE(lines.feed("1234\n1234\n"));
  EXPECT_TRUE(lines.feed("123"));
  EXPECT_FALSE(lines.feed("45"));
}

TEST(WatchStream, BringsEventsThenItsEnd) {
  boost::asio::io_context io;
  ScriptedHttp http(io.get_executor());
  http.on_open = [](const Request&) -> chat::base::Result<ScriptedHttp::Script> {
    ScriptedHttp::Script script;
    script.parts = {std::string(R"({"type":"ADDED","object":{"metadata":)"),
                    std::string("{\"resourceVersion\":\"1\"}}}\n")};
    return script;
  };
  WatchStream stream(std::move(*chat::testing::run_task(io, http.open({}, std::chrono::seconds(1)))));
  auto event = chat::testing::run_task(io, stream.next());
  ASSERT_TRUE(event && *event);
  EXPECT_EQ((*event)->resource_version, "1");
  auto end = chat::testing::run_task(io, stream.next());
  ASSERT_TRUE(end);
  EXPECT_FALSE(*end);
}

}  // namespace
}  // namespace chatop::kubernetes
