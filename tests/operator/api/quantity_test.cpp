#include "operator/api/quantity.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <utility>

namespace {

using chatop::api::parse_quantity;
using chatop::api::Quantity;

TEST(Quantity, ReadsKubernetesNotation) {
  const std::array<std::pair<const char*, std::int64_t>, 11> cases{{{"0", 0},
                                                                    {"1025", 1025},
                                                                    {"1Ki", 1024},
                                                                    {"10Gi", std::int64_t{10} << 30},
                                                                    {"1Ti", std::int64_t{1} << 40},
                                                                    {"7Ei", std::int64_t{7} << 60},
                                                                    {"1k", 1000},
                                                                    {"1G", 1000000000},
                                                                    {"1.5Gi", std::int64_t{3} << 29},
                                                                    {"0.5Ki", 512},
                                                                    {".5Ki", 512}}};
  for (const auto& [text, bytes] : cases) {
    auto parsed = parse_quantity(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->bytes, bytes) << text;
  }
}

TEST(Quantity, RefusesWhatIsNoNumberOfBytes) {
  for (auto text : {"", "Gi", "1GB", "1gi", "-1Gi", "+1", "1 Gi", "1e3", "100m", "1.", ".", "1.2.3", "0.3", "8Ei",
                    "0x10", "99999999999999999999", "1Gi "})
    EXPECT_FALSE(parse_quantity(text)) << text;
}

TEST(Quantity, IsWrittenInItsShortestNotationAndReadsBack) {
  const std::array<std::pair<std::int64_t, const char*>, 8> cases{{{0, "0"},
                                                                   {1, "1"},
                                                                   {1025, "1025"},
                                                                   {1024, "1Ki"},
                                                                   {std::int64_t{10} << 30, "10Gi"},
                                                                   {std::int64_t{3} << 29, "1536Mi"},
                                                                   {std::int64_t{1} << 40, "1Ti"},
                                                                   {2000000000, "2G"}}};
  for (const auto& [bytes, expected] : cases) {
    EXPECT_EQ(chatop::api::text(Quantity{bytes}), expected);
    EXPECT_EQ(parse_quantity(expected)->bytes, bytes);
  }
}

}  // namespace
