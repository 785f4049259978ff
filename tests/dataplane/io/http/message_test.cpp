#include "dataplane/io/http/message.hpp"

#include <gtest/gtest.h>

namespace chat::io::http {
namespace {

TEST(ParseTarget, DecodesPathAndQuery) {
  auto target = parse_target("/v1/caf%C3%A9/a%20b?q=x%26y&empty&plus=a+b&a=1&a=2&=none");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/v1/café/a b");
  EXPECT_EQ(target->query.at("q"), "x&y");
  EXPECT_EQ(target->query.at("empty"), "");
  EXPECT_EQ(target->query.at("plus"), "a b");
  EXPECT_EQ(target->query.at("a"), "2");
  EXPECT_EQ(target->query.at(""), "none");
}

TEST(ParseTarget, KeepsThePathsShape) {
  EXPECT_EQ(parse_target("/")->path, "/");
  EXPECT_EQ(parse_target("/a/")->path, "/a/");
  EXPECT_EQ(parse_target("//a")->path, "//a");
  EXPECT_EQ(parse_target("/a+b")->path, "/a+b");
  EXPECT_TRUE(parse_target("/?")->query.empty());
  EXPECT_TRUE(parse_target("/?&&")->query.empty());
}

TEST(ParseTarget, RefusesWhatCouldMeanTwoThings) {
  for (std::string_view wrong :
       {"",    "a",      "*",    "http://h/a", "?a=1",   "/%",    "/%4",   "/%4g",      "/%zz",     "/a%00b", "/?a=%00",
        "/?%", "/?a=%f", "/%FF", "/?a=%C3",    "/a%2Fb", "/../a", "/a/..", "/%2e%2e/a", "/a/%2E/b", "/.",     "/a#b"})
    EXPECT_FALSE(parse_target(wrong)) << wrong;
}

}  // namespace
}  // namespace chat::io::http
