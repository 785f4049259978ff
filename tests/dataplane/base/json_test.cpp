#include "dataplane/base/json.hpp"

#include <gtest/gtest.h>

#include "dataplane/base/long_json.hpp"

namespace chat::base {
namespace {

using namespace std::string_literals;

// The same, for the parser of long texts.
std::string long_one(const std::string& text) { return std::string(kLongJson, ' ') + text; }

TEST(ParseJson, BuildsTheDocument) {
  auto parsed = parse_json(R"({"a":[1,-2,2.5,true,null,{"b":"ä€😀"}],"c":{},"d":[[],[3]]})");
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->dump(), R"({"a":[1,-2,2.5,true,null,{"b":"ä€😀"}],"c":{},"d":[[],[3]]})");
}

TEST(ParseJson, TakesScalarsAndEscapedPairs) {
  EXPECT_EQ(*parse_json(" 7 "), 7);
  EXPECT_EQ(*parse_json(R"("\ud83d\ude00")"), "😀");
  EXPECT_EQ(*parse_json(R"("a\u0000b")"), "a\0b"s);  // has_nul() is the caller's to ask
}

TEST(ParseJson, RefusesWhatIsMalformed) {
  const std::string kWrong[] = {
      "",
      " ",
      "{",
      "[1,]",
      "{\"a\":1,}",
      "{'a':1}",
      "{a:1}",
      "[1 2]",
      "nul",
      "NaN",
      "Infinity",
      "01",
      "1.",
      "+1",
      "1e999",
      "{} {}",
      "{}x",
      "{}\0"s,
      "{}\0garbage"s,
      "\"a\0b\""s,
      "\"a\nb\"",
      "\"\\x41\"",
      "\"\\ud800\"",
      "\"\\udc00\"",
      "\"\\ud800\\u0041\"",
      "\"\\ud800x\"",
      "\"\xFF\"",
      "\"\xC0\x80\"",
      "\"\xED\xA0\x80\"",
      "\"\xF4\x90\x80\x80\"",
      "\"unclosed",
      "// comment\n1",
      "{\"a\":1,\"a\":2}",
      "{\"a\":{\"b\":1,\"b\":1}}",
      "{\"a\":1,\"\\u0061\":2}",
  };
  for (const auto& text : kWrong) {
    auto parsed = parse_json(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, JsonErrc::malformed) << text;
    EXPECT_FALSE(parsed.error().message.empty());
    EXPECT_FALSE(parse_json(long_one(text))) << text;
  }
}

TEST(ParseJson, ReadsALongTextAsAShortOne) {
  for (const auto* text :
       {R"({"a":[1,-2,2.5,true,false,null,{"b":"ä€😀"}],"c":{},"d":[[],[3]]})", "7", "-0", "-0.0", "\"\"", "1e-400",
        R"("\ud83d\ude00 \u0000 \" \\ \/ \b \f \n \r \t")", "9223372036854775807", "9223372036854775808",
        "18446744073709551615", "18446744073709551616", "-9223372036854775808", "-9223372036854775809", "1e308",
        "0.1000000000000000055511151231257827", "5e-324", "123456789012345678901234567890"}) {
    const auto as_short = parse_json(text);
    const auto as_long = parse_json(long_one(text));
    ASSERT_TRUE(as_short && as_long) << text;
    EXPECT_EQ(*as_long, *as_short) << text;
    EXPECT_EQ(as_long->dump(), as_short->dump());
    EXPECT_EQ(whole_number(*as_long), whole_number(*as_short)) << text;
  }
  std::string content;
  for (int i = 0; i < 20'000; ++i) content += i % 7 == 0 ? "\"\n" : "ä€😀x";
  const Json frame = {{"type", "msg.send"}, {"content", content}, {"client_msg_id", "a"}};
  EXPECT_EQ(*parse_json(frame.dump()), frame);
  EXPECT_EQ(*parse_long_json(frame.dump(), 16), frame) << "and by that parser";
}

TEST(ParseJson, RefusesNestingBeyondTheLimitOnly) {
  auto nested = [](int levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  EXPECT_TRUE(parse_json(nested(16)));
  auto refused = parse_json(nested(17));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, JsonErrc::too_deep);
  EXPECT_TRUE(parse_json(R"({"a":{"b":[1]}})", 3));
  EXPECT_FALSE(parse_json(R"({"a":{"b":[1]}})", 2));
  EXPECT_FALSE(parse_json("[]", 0));
  EXPECT_TRUE(parse_json(long_one(nested(16))));
  refused = parse_json(long_one(nested(17)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, JsonErrc::too_deep);
  EXPECT_FALSE(parse_json(long_one("[]"), 0));
}

TEST(ParseJson, AMillionLevelsCostNothing) {
  auto refused = parse_json(std::string(1'000'000, '['));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, JsonErrc::too_deep);
}

TEST(WholeNumber, TakesZeroToTheLargest64BitInteger) {
  EXPECT_EQ(whole_number(*parse_json("0")), 0);
  EXPECT_EQ(whole_number(*parse_json("-0")), 0);
  EXPECT_EQ(whole_number(*parse_json("9223372036854775807")), 9223372036854775807);
  for (const char* text : {"9223372036854775808", "18446744073709551615", "18446744073709551616", "1e400000000000",
                           "-1", "1.0", "1e3", "\"1\"", "null", "true", "[1]", "1e18"}) {
    auto parsed = parse_json(text);
    if (parsed) {
      EXPECT_EQ(whole_number(*parsed), std::nullopt) << text;
    }
  }
}

}  // namespace
}  // namespace chat::base
