#include "dataplane/base/digest.hpp"

#include <gtest/gtest.h>

#include <set>

namespace chat::base {
namespace {

TEST(Digest, sha256_and_hmac_give_the_published_values) {
  // FIPS 180-2, appendix B.1; RFC 4231, test cases 2 and 6.
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Digest, base64_gives_the_values_of_rfc_4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64url("fo"), "Zm8");
  EXPECT_EQ(base64url("\xfb\xff"), "-_8");
}

TEST(Digest, base64url_comes_back_for_every_length) {
  for (std::size_t length = 0; length < 70; ++length) {
    const auto bytes = random_bytes(length);
    EXPECT_EQ(parse_base64url(base64url(bytes)), bytes);
  }
}

TEST(Digest, base64url_takes_only_what_it_would_write) {
  for (const char* text : {"A", "Zg==", "Zm8=", "Zm+8", "Zm/8", "Zm 8", "Zh", "Zm9", "Zm8\n", "\xff", "AAAAA"}) {
    EXPECT_FALSE(parse_base64url(text)) << text;
  }
}

TEST(Digest, comparing_compares) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

TEST(Digest, random_bytes_differ) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random_bytes(16));
  EXPECT_EQ(seen.size(), 100u);
}

}  // namespace
}  // namespace chat::base
