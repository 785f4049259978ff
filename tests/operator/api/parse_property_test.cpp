#include <gtest/gtest.h>

#include <random>
#include <string>

#include "operator/api/parse.hpp"
#include "operator/api/write.hpp"

// What holds for any input, tried with many that a fixed seed makes.
namespace {

using namespace chatop::api;

constexpr int kRounds = 1000;

std::string mutated(std::string text, std::mt19937& random) {
  constexpr std::string_view kPieces[] = {
      "\n", "  ",    "- ", ": ", "[", "]",  "{",      "}",           "\"",       "'",    "&a ", "*a",   "|\n",
      "? ", "---\n", "#",  "~",  "0", "-1", "!!str ", "%YAML 1.1\n", "\xC3\xA9", "\xFF", "\t",  "<<: ", "\\u"};
  const auto changes = 1 + random() % 6;
  for (unsigned i = 0; i < changes; ++i) {
    const std::size_t at = random() % (text.size() + 1);
    switch (random() % 3) {
      case 0:
        text.insert(at, kPieces[random() % std::size(kPieces)]);
        break;
      case 1:
        text.erase(at, random() % 8);
        break;
      default:
        text.insert(at, text.substr(random() % (text.size() + 1), random() % 40));
    }
  }
  return text;
}

TEST(ParseProperty, AnyBytesAreReadOrRefusedWithASentence) {
  ChatCluster demo;
  demo.metadata.name = "demo";
  const std::string original = to_yaml(demo, Part::WithStatus);
  std::mt19937 random(20260102);  // NOLINT(cert-msc51-cpp): the same every time
  int read = 0;
  for (int round = 0; round < kRounds; ++round) {
    auto parsed = parse_chat_cluster(mutated(original, random));
    if (!parsed) {
      ASSERT_FALSE(parsed.error().empty());
      for (const auto& error : parsed.error()) ASSERT_FALSE(error.problem.empty() || error.remedy.empty());
      continue;
    }
    ++read;
    auto again = parse_chat_cluster(to_yaml(*parsed, Part::SpecOnly));
    ASSERT_TRUE(again) << text(again.error().front()) << "\n" << to_yaml(*parsed, Part::SpecOnly);
    ASSERT_EQ(*again, *parsed);
  }
  EXPECT_GT(read, 0);
}

TEST(ParseProperty, AnyTextOfAnAnnotationReadsBack) {
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same every time
  constexpr std::string_view kLetters[] = {"a",  "B",  "1",  "0", ".", "-", "_", ":", " ",    "#",   "'", "\"",
                                           "\\", "\n", "\t", "é", "€", "~", "?", "*", "&",    "!",   "|", ">",
                                           "%",  "@",  "{",  "[", ",", "e", "x", "i", "\x01", "\x7f"};
  constexpr std::string_view kOfKeys = "aB10.-_ex";
  for (int round = 0; round < kRounds; ++round) {
    ChatCluster cluster;
    cluster.metadata.name = "demo";
    std::string key = "k";
    std::string value;
    for (auto length = random() % 6; length > 0; --length) value += kLetters[random() % std::size(kLetters)];
    for (auto length = random() % 4; length > 0; --length) key += kOfKeys[random() % kOfKeys.size()];
    cluster.metadata.annotations[key + "0"] = value;
    const auto yaml = to_yaml(cluster, Part::SpecOnly);
    auto again = parse_chat_cluster(yaml);
    ASSERT_TRUE(again) << text(again.error().front()) << "\n" << yaml.substr(0, 200);
    ASSERT_EQ(again->metadata.annotations, cluster.metadata.annotations) << yaml.substr(0, 200);
  }
}

}  // namespace
