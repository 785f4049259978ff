#include "dataplane/gateway/inbound_kinds.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace chat::gateway {
namespace {

using namespace std::string_literals;

// A client's frame: masked.
std::string frame(char first, const std::string& payload) {
  std::string bytes(1, first);
  const auto size = payload.size();
  if (size < 126) {
    bytes += static_cast<char>(0x80U | size);
  } else if (size < 65536) {
    bytes += '\xFE';
    for (int shift = 8; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift);
  } else {
    bytes += '\xFF';
    for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift);
  }
  return bytes + "mask" + payload;
}
constexpr char kText = '\x81';
constexpr char kBinary = '\x82';
constexpr char kBegunText = '\x01';
constexpr char kEnd = '\x80';
constexpr char kPing = '\x89';

// In pieces of this size, as they may come from a socket.
std::string shown(InboundKinds& kinds, std::string bytes, std::size_t piece) {
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    kinds.take(bytes.data() + at, std::min(piece, bytes.size() - at));
  return bytes;
}

TEST(InboundKinds, ShowsTextsAsBinaryWhateverTheirLengthAndHoweverTheyCome) {
  std::string came;
  std::string expected;
  const auto tricky = std::string(3, '\x81');  // looks like headers, but is payload
  for (const auto& payload : {""s, tricky, std::string(125, '\x81'), std::string(126, '\x81'),
                              std::string(65535, '\x81'), std::string(65536, '\x81'), tricky}) {
    came += frame(kText, payload);
    expected += frame(kBinary, payload);
  }
  for (const std::size_t piece : {1, 2, 3, 7, 1536, 1 << 20}) {
    InboundKinds kinds;
    EXPECT_TRUE(shown(kinds, came, piece) == expected) << piece;
    for (int i = 0; i < 7; ++i) EXPECT_TRUE(kinds.next_was_text());
  }
}

TEST(InboundKinds, KnowsWhichMessageWasBinaryThoughTheNextOnesCameAlready) {
  InboundKinds kinds;
  const auto came = frame(kText, "a") + frame(kText, "b") + frame(kBinary, "c");
  EXPECT_EQ(shown(kinds, came, came.size()), frame(kBinary, "a") + frame(kBinary, "b") + frame(kBinary, "c"));
  EXPECT_TRUE(kinds.next_was_text());
  EXPECT_TRUE(kinds.next_was_text());
  EXPECT_FALSE(kinds.next_was_text());
}

TEST(InboundKinds, CountsAMessageInFragmentsOnceAndLeavesControlFramesAlone) {
  InboundKinds kinds;
  const auto rest = frame(kPing, "p") + frame('\0', "b") + frame(kPing, "") + frame(kEnd, "c");
  EXPECT_EQ(shown(kinds, frame(kBegunText, "a") + rest + frame(kBinary, "x"), 5),
            frame('\x02', "a") + rest + frame(kBinary, "x"));
  EXPECT_TRUE(kinds.next_was_text());
  EXPECT_FALSE(kinds.next_was_text());
}

TEST(InboundKinds, LeavesUnmaskedFramesToBeastToRefuse) {
  InboundKinds kinds;
  EXPECT_EQ(shown(kinds, "\x81\x01x\x89\x00"s, 1), "\x82\x01x\x89\x00"s);
}

}  // namespace
}  // namespace chat::gateway
