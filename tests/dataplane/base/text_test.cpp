#include "dataplane/base/text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace chat::base {
namespace {

using namespace std::string_view_literals;

TEST(CodePoints, CountsCharactersNotBytes) {
  EXPECT_EQ(code_points(""), 0u);
  EXPECT_EQ(code_points("abc"), 3u);
  EXPECT_EQ(code_points("äöü"), 3u);
  EXPECT_EQ(code_points("€"), 1u);
  EXPECT_EQ(code_points("😀"), 1u);
  EXPECT_EQ(code_points("a\0b"sv), 3u);
  EXPECT_EQ(code_points("\xF4\x8F\xBF\xBF"), 1u);  // U+10FFFF, the last one
  EXPECT_EQ(code_points("\xED\x9F\xBF"), 1u);      // U+D7FF, just before the surrogates
  EXPECT_EQ(code_points("\xEE\x80\x80"), 1u);      // U+E000, just after them
}

TEST(CodePoints, RefusesWhatIsNotUtf8) {
  constexpr std::string_view kWrong[] = {
      "\x80",              // a continuation byte alone
      "\xC3",              // cut short
      "\xE2\x82",          // cut short
      "\xF0\x9F\x98",      // cut short
      "\xC3(",             // no continuation byte
      "\xC0\x80",          // overlong NUL
      "\xC1\xBF",          // overlong
      "\xE0\x9F\xBF",      // overlong
      "\xF0\x8F\xBF\xBF",  // overlong
      "\xED\xA0\x80",      // U+D800, a surrogate
      "\xED\xBF\xBF",      // U+DFFF, a surrogate
      "\xF4\x90\x80\x80",  // past U+10FFFF
      "\xF5\x80\x80\x80",  // past U+10FFFF
      "\xFE",
      "\xFF",
      "fine until here \xFF",
  };
  for (auto text : kWrong) EXPECT_EQ(code_points(text), std::nullopt) << testing::PrintToString(std::string(text));
}

TEST(HasNul, FindsItAnywhere) {
  EXPECT_TRUE(has_nul("\0"sv));
  EXPECT_TRUE(has_nul("abc\0"sv));
  EXPECT_FALSE(has_nul("abc"));
}

TEST(Cut, KeepsCharactersWhole) {
  EXPECT_EQ(cut("abc", 3), "abc");
  EXPECT_EQ(cut("abc", 2), "ab");
  EXPECT_EQ(cut("aü", 2), "a");
  EXPECT_EQ(cut("€", 2), "");
  EXPECT_EQ(cut("a😀b", 5), "a😀");
  EXPECT_EQ(cut("\x80\x80\x80", 2), "");  // no text: but an end there is
}

TEST(EditDistance, CountsInsertionsDeletionsAndSubstitutions) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("gateway", "gateways"), 1u);
}

TEST(Nearest, SuggestsASmallMistakeOnly) {
  constexpr std::array<std::string_view, 3> kNames{"gateways", "messages", "workers"};
  EXPECT_EQ(nearest("gatways", kNames), "gateways");
  EXPECT_EQ(nearest("mesages", kNames), "messages");
  EXPECT_EQ(nearest("replicas", kNames), std::nullopt);
}

}  // namespace
}  // namespace chat::base
