#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "dataplane/io/postgres/connection.hpp"

namespace chatop::shards {

// One file NNNN_name.sql. Once it has run somewhere it never changes: what comes later is a new file.
struct Migration {
  int version = 0;
  std::string name;  // file name without its number and ending
  std::string sql;
  std::string checksum;  // SHA-256, hex
};

// What a database says it has run.
struct AppliedMigration {
  int version = 0;
  std::string name;
  std::string checksum;
};

// All files of the folder, by number. Fails where a name has no number, or two have the same.
[[nodiscard]] chat::base::Result<std::vector<Migration>> load_migrations(const std::filesystem::path& folder);

struct MigrationDecision {
  std::vector<const Migration*> due;  // in order; empty: nothing to do
  std::string refusal;                // a sentence: a file that ran here was changed or is missing, so nothing may run
};
// Pure.
[[nodiscard]] MigrationDecision decide(const std::vector<Migration>& files,
                                       const std::vector<AppliedMigration>& applied);

// What has run; none where the table is not there yet.
[[nodiscard]] chat::base::Result<std::vector<AppliedMigration>> applied_migrations(
    chat::io::postgres::Connection& connection);

// Runs what is due: under an advisory lock, so that of two runners one waits and then finds nothing to do; each file in
// a transaction of its own together with the line that says it has run. Blocks.
[[nodiscard]] chat::base::Status run_migrations(chat::io::postgres::Connection& connection,
                                                const std::vector<Migration>& files);

}  // namespace chatop::shards
