#include "dataplane/gateway/frame.hpp"

#include <gtest/gtest.h>

namespace chat::gateway {
namespace {

using namespace std::string_literals;

TEST(Frame, HasTheHeaderOfAWholeUnmaskedText) {
  EXPECT_EQ(*make_frame(""), "\x81\x00"s);
  EXPECT_EQ(*make_frame("Hello"), "\x81\x05Hello"s);  // the example of RFC 6455, 5.7
}

TEST(Frame, SaysItsLengthInTheFewestBytes) {
  const auto header = [](std::size_t length) {
    const auto text = std::string(length, 'x');
    const auto frame = make_frame(text);
    EXPECT_EQ(text_of(frame), text);
    return frame->substr(0, frame->size() - length);
  };
  EXPECT_EQ(header(125), "\x81\x7D"s);
  EXPECT_EQ(header(126), "\x81\x7E\x00\x7E"s);
  EXPECT_EQ(header(0xFFFF), "\x81\x7E\xFF\xFF"s);
  EXPECT_EQ(header(0x10000), "\x81\x7F\0\0\0\0\0\x01\0\0"s);
}

TEST(Frame, ACloseFrameHasItsCodeAndAsMuchOfTheReasonAsFits) {
  EXPECT_EQ(*make_close_frame(1012, "restart"), "\x88\x09\x03\xF4restart"s);
  EXPECT_EQ(*make_close_frame(1000, ""), "\x88\x02\x03\xE8"s);
  EXPECT_EQ(*make_close_frame(4401, std::string(200, 'x')), "\x88\x7D\x11\x31" + std::string(123, 'x'));
}

TEST(Frame, KeepsItsTextByteForByte) {
  const auto text = "a\0b\xC3\xA4"s;
  EXPECT_EQ(text_of(make_frame(text)), text);
}

}  // namespace
}  // namespace chat::gateway
