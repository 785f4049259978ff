#include "dataplane/base/secret_file.hpp"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.hpp"

namespace chat::base {
namespace {

TEST(SecretFileTest, IsAsItIsNowAndAsItWasWhereItCanNotBeRead) {
  const testing::TempDir dir;
  const auto file = dir.write("secret", "first\n");
  EXPECT_EQ(read_secret_again(file, "last"), "first");
  static_cast<void>(dir.write("secret", "second"));
  EXPECT_EQ(read_secret_again(file, "last"), "second");
  static_cast<void>(dir.write("secret", ""));
  EXPECT_EQ(read_secret_again(file, "last"), "last");
  EXPECT_EQ(read_secret_again(dir.path() / "none", "last"), "last");
  EXPECT_EQ(read_secret_again({}, "last"), "last");
}

}  // namespace
}  // namespace chat::base
