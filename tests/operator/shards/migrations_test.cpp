#include "operator/shards/migrations.hpp"

#include <gmock/gmock.h>

#include "tests/support/temp_dir.hpp"

namespace chatop::shards {
namespace {

using chat::testing::TempDir;
using testing::HasSubstr;

TEST(MigrationFiles, AreReadInTheOrderOfTheirNumbers) {
  TempDir dir;
  dir.write("0010_later.sql", "select 10");
  dir.write("0002_second.sql", "select 2");
  dir.write("README.md", "not one");
  auto files = load_migrations(dir.path());
  ASSERT_TRUE(files) << files.error().message;
  ASSERT_EQ(files->size(), 2U);
  EXPECT_EQ((*files)[0].version, 2);
  EXPECT_EQ((*files)[0].name, "second");
  EXPECT_EQ((*files)[1].sql, "select 10");
  // sha256sum of "select 2"
  EXPECT_EQ((*files)[0].checksum.size(), 64U);
  EXPECT_NE((*files)[0].checksum, (*files)[1].checksum);
}

TEST(MigrationFiles, BadNamesDoubledNumbersAndAnEmptyFolderAreRefused) {
  for (const auto& names : std::vector<std::vector<std::string>>{
           {"1_short.sql"}, {"00001_long.sql"}, {"abcd_x.sql"}, {"0001.sql"}, {"0001_a.sql", "0001_b.sql"}, {}}) {
    TempDir dir;
    for (const auto& name : names) dir.write(name, "select 1");
    EXPECT_FALSE(load_migrations(dir.path())) << (names.empty() ? "empty" : names[0]);
  }
}

TEST(MigrationFiles, OursAreInOrder) {
  auto files = load_migrations(CHATCLUSTER_SOURCE_DIR "/migrations");
  ASSERT_TRUE(files) << files.error().message;
  for (std::size_t i = 0; i < files->size(); ++i) EXPECT_EQ((*files)[i].version, static_cast<int>(i) + 1);
}

std::vector<Migration> three() { return {{1, "one", "", "a"}, {2, "two", "", "b"}, {3, "three", "", "c"}}; }

TEST(MigrationDecisions, RunWhatHasNotRun) {
  const auto files = three();
  auto decision = decide(files, {{1, "one", "a"}});
  EXPECT_EQ(decision.refusal, "");
  ASSERT_EQ(decision.due.size(), 2U);
  EXPECT_EQ(decision.due[0]->version, 2);
  EXPECT_TRUE(decide(files, {{1, "one", "a"}, {2, "two", "b"}, {3, "three", "c"}}).due.empty());
}

TEST(MigrationDecisions, RefuseWhatWasChangedOrIsMissingOrCameInBetween) {
  auto changed = decide(three(), {{1, "one", "a"}, {2, "two", "other"}});
  EXPECT_THAT(changed.refusal, HasSubstr("migration 2 (two) has run here, and its file was changed"));
  EXPECT_TRUE(changed.due.empty());
  auto missing = decide(three(), {{1, "one", "a"}, {4, "four", "d"}});
  EXPECT_THAT(missing.refusal, HasSubstr("migration 4 (four) has run here, and its file is missing"));
  auto between = decide(three(), {{1, "one", "a"}, {3, "three", "c"}});
  EXPECT_THAT(between.refusal, HasSubstr("migration 2 (two) is new, but later ones have run"));
  EXPECT_TRUE(between.due.empty());
}

}  // namespace
}  // namespace chatop::shards
