#include "operator/shards/migrations.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <iterator>

#include "operator/ports/shard_admin.hpp"

namespace chatop::shards {

using chat::base::Result;
using chat::base::Status;
using chat::io::postgres::Connection;
using ports::ShardErrc;

namespace {

constexpr std::size_t kDigits = 4;
// Any constant of ours; chat_lock_slices() uses the two-number form, which is another key space.
constexpr const char* kLock = "7164773200000001";

std::string sha256(const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += kHex[digest[i] >> 4U];
    hex += kHex[digest[i] & 15U];
  }
  return hex;
}

Result<Migration> load(const std::filesystem::path& path) {
  const std::string stem = path.stem().string();
  const auto digits = std::find_if_not(stem.begin(), stem.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  if (digits - stem.begin() != kDigits || digits == stem.end() || *digits != '_')
    return chat::base::fail(ShardErrc::refused, path.string() + " is not named NNNN_name.sql");
  std::ifstream in(path, std::ios::binary);
  Migration migration;
  migration.version = std::stoi(stem.substr(0, kDigits));
  migration.name = stem.substr(kDigits + 1);
  migration.sql.assign(std::istreambuf_iterator<char>(in), {});
  if (!in) return chat::base::fail(ShardErrc::refused, path.string() + " can not be read");
  migration.checksum = sha256(migration.sql);
  return migration;
}

Status apply(Connection& connection, const Migration& migration) {
  auto done = connection.transaction([&migration](pqxx::work& transaction) -> Status {
    transaction.exec(migration.sql);
    transaction.exec_params("insert into schema_migrations (version, name, checksum) values ($1, $2, $3)",
                            migration.version, migration.name, migration.checksum);
    return {};
  });
  if (done) return done;
  return chat::base::fail(done.error().code, "migration " + std::to_string(migration.version) + " (" + migration.name +
                                                 ") failed and was rolled back: " + done.error().message);
}

Status run_locked(Connection& connection, const std::vector<Migration>& files) {
  auto table = connection.execute(
      "create table if not exists schema_migrations (version int primary key, name text not null, checksum text not "
      "null, applied_at timestamptz not null default now())");
  if (!table) return chat::base::fail(table.error());
  auto applied = applied_migrations(connection);
  if (!applied) return chat::base::fail(applied.error());
  const auto decision = decide(files, *applied);
  if (!decision.refusal.empty()) return chat::base::fail(ShardErrc::changed_migration, decision.refusal);
  for (const Migration* migration : decision.due) {
    if (auto ok = apply(connection, *migration); !ok) return ok;
  }
  return {};
}

}  // namespace

Result<std::vector<Migration>> load_migrations(const std::filesystem::path& folder) {
  std::vector<Migration> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() != ".sql") continue;
    auto migration = load(entry.path());
    if (!migration) return chat::base::fail(migration.error());
    files.push_back(std::move(*migration));
  }
  if (error || files.empty())
    return chat::base::fail(ShardErrc::refused, "no migrations (NNNN_name.sql) in " + folder.string());
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.version < b.version; });
  for (std::size_t i = 1; i < files.size(); ++i) {
    if (files[i].version == files[i - 1].version)
      return chat::base::fail(ShardErrc::refused, "two migrations have the number " + std::to_string(files[i].version) +
                                                      ": " + files[i - 1].name + " and " + files[i].name);
  }
  return files;
}

MigrationDecision decide(const std::vector<Migration>& files, const std::vector<AppliedMigration>& applied) {
  MigrationDecision decision;
  int last = 0;
  for (const auto& done : applied) {
    last = std::max(last, done.version);
    auto file =
        std::find_if(files.begin(), files.end(), [&done](const auto& each) { return each.version == done.version; });
    const std::string what = "migration " + std::to_string(done.version) + " (" + done.name + ") has run here";
    if (file == files.end())
      decision.refusal = what + ", and its file is missing: put it back, or run the version that brought it";
    else if (file->checksum != done.checksum)
      decision.refusal =
          what + ", and its file was changed since: put the old text back and make the change in a new file";
    if (!decision.refusal.empty()) return decision;
  }
  for (const auto& file : files) {
    const bool done =
        std::any_of(applied.begin(), applied.end(), [&file](const auto& each) { return each.version == file.version; });
    if (done) continue;
    if (file.version < last) {
      decision.due.clear();
      decision.refusal = "migration " + std::to_string(file.version) + " (" + file.name +
                         ") is new, but later ones have run already: give it a number above " + std::to_string(last);
      return decision;
    }
    decision.due.push_back(&file);
  }
  return decision;
}

Result<std::vector<AppliedMigration>> applied_migrations(Connection& connection) {
  auto there = connection.execute("select to_regclass('schema_migrations') is not null");
  if (!there) return chat::base::fail(there.error());
  std::vector<AppliedMigration> applied;
  if (!(*there)[0][0].as<bool>()) return applied;
  auto rows = connection.execute("select version, name, checksum from schema_migrations order by version");
  if (!rows) return chat::base::fail(rows.error());
  for (const auto& row : *rows)
    applied.push_back({row[0].as<int>(), row[1].as<std::string>(), row[2].as<std::string>()});
  return applied;
}

Status run_migrations(Connection& connection, const std::vector<Migration>& files) {
  // A lock of the session, not of a transaction: it spans the files' transactions, and goes with the connection.
  if (auto locked = connection.execute("select pg_advisory_lock(" + std::string(kLock) + ")"); !locked)
    return chat::base::fail(locked.error());
  auto done = run_locked(connection, files);
  if (auto unlocked = connection.execute("select pg_advisory_unlock(" + std::string(kLock) + ")"); !unlocked)
    connection.drop();
  return done;
}

}  // namespace chatop::shards
