#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <stdexcept>

#include "dataplane/adapters/postgres_directory.hpp"
#include "dataplane/adapters/postgres_event_log.hpp"
#include "dataplane/adapters/postgres_rows.hpp"
#include "dataplane/adapters/postgres_shard_writer.hpp"
#include "dataplane/adapters/postgres_shards.hpp"
#include "dataplane/adapters/postgres_store.hpp"
#include "dataplane/domain/bucket.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/run_task.hpp"

namespace chat::testing {

// Two shards as the operator makes them: shard-0 owns buckets 0…2047, shard-1 the rest. Each is a database of its own
// on a server of its own; the servers live as long as the test program. The daemons' side logs in as `chat`.
class TwoShards : public ::testing::Test {
 protected:
  static constexpr std::int64_t kNow = 1'767'225'600'000;

  TwoShards() {
    static std::atomic<int> count{0};
    database_ = "chat_" + std::to_string(count.fetch_add(1));
    for (int shard : {0, 1}) {
      auto target = template_of(shard);
      io::postgres::Connection postgres(target);
      must(postgres.execute("create database " + database_ + " template chat_template"));
      target.database = database_;
      admin_[shard] = std::make_unique<io::postgres::Connection>(target);
      must(admin_[shard]->execute("select chat_identify($1)", {name(shard)}));
      own(shard, 0, 2047, 0, 1);
      own(shard, 2048, 4095, 1, 1);
    }
    shards_ = std::make_unique<adapters::PostgresShards>(map(), options());
    store_ = std::make_unique<adapters::PostgresStore>(*shards_);
    directory_ = std::make_unique<adapters::PostgresDirectory>(*shards_);
  }

  static PostgresServer& server(int shard) {
    static PostgresServer first;
    static PostgresServer second;
    return shard == 0 ? first : second;
  }
  static std::string name(int shard) { return "shard-" + std::to_string(shard); }
  static std::uint16_t low_bucket(int shard) { return static_cast<std::uint16_t>(shard * 2048); }

  void own(int at_shard, int low, int high, int owner, int epoch) {
    must(admin_[at_shard]->execute("select chat_own($1, $2, $3, $4)",
                                   {std::to_string(low), std::to_string(high), name(owner), std::to_string(epoch)}));
  }
  domain::ClusterMap map(std::int64_t version = 1) {
    domain::ClusterMap out;
    out.version = version;
    out.cluster = "test";
    for (int shard : {0, 1}) {
      const auto target = server(shard).target();
      out.shards.push_back({name(shard), {target.host, target.port}});
      out.buckets.push_back({low_bucket(shard), static_cast<std::uint16_t>(low_bucket(shard) + 2047), name(shard), 1});
    }
    return out;
  }
  adapters::PostgresOptions options() {
    adapters::PostgresOptions out;
    out.password = "chat";
    out.database = database_;
    out.application = "test";
    return out;
  }
  io::postgres::Target target(int shard) {
    return adapters::shard_target(options(), map().shards.at(static_cast<std::size_t>(shard)));
  }

  // A new id whose bucket belongs to `shard` at first.
  static base::Ulid id_on(int shard) {
    for (;;) {
      auto id = base::new_ulid(kNow);
      if (domain::bucket_of(id) / 2048 == shard) return id;
    }
  }
  template <class T>
  T run(base::Task<T> task) {
    return run_task(io_, std::move(task));
  }
  // The first field of the first row, as the superuser.
  std::string value(int shard, const std::string& sql) {
    auto rows = admin_[shard]->execute(sql);
    must(rows);
    return (*rows)[0][0].c_str();
  }
  base::Ulid group_of(const std::vector<base::Ulid>& members, int shard = 0) {
    const auto id = id_on(shard);
    auto made = run(store().create_group(id, "group", members.front(), members, kNow));
    must(made);
    return id;
  }
  adapters::PostgresStore& store() { return *store_; }
  adapters::PostgresDirectory& directory() { return *directory_; }

  static domain::Draft draft(base::Ulid conversation, base::Ulid sender, std::string key,
                             std::string content = "hello") {
    domain::Draft out;
    out.conversation_id = conversation;
    out.sender_id = sender;
    out.client_msg_id = std::move(key);
    out.content = std::move(content);
    return out;
  }
  static ports::Written write_one(adapters::PostgresShardWriter& writer, const domain::Draft& one,
                                  std::int64_t now = kNow) {
    auto written = writer.write({&one, 1}, now);
    must(written);
    return written->at(0);
  }
  static std::string told(const base::Result<bool>& answer) {
    return answer ? (*answer ? "yes" : "no") : answer.error().message;
  }
  template <class R>
  static void must(const R& result) {
    if (!result) throw std::runtime_error(result.error().message);
  }

  std::string database_;
  std::unique_ptr<io::postgres::Connection> admin_[2];
  boost::asio::io_context io_;
  std::unique_ptr<adapters::PostgresShards> shards_;

 private:
  // Migrated once a server; each test's database is a copy.
  static io::postgres::Target template_of(int shard) {
    static std::set<int> made;
    auto target = server(shard).target();
    if (!made.insert(shard).second) return target;
    io::postgres::Connection postgres(target);
    must(postgres.execute("create role chat login password 'chat'"));
    must(postgres.execute("create database chat_template"));
    auto inside = target;
    inside.database = "chat_template";
    io::postgres::Connection connection(inside);
    std::set<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(CHATCLUSTER_SOURCE_DIR "/migrations"))
      if (entry.path().extension() == ".sql") files.insert(entry.path());
    for (const auto& file : files) {
      std::ifstream in(file);
      auto status = connection.script({std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()});
      if (!status) throw std::runtime_error(file.string() + ": " + status.error().message);
    }
    return target;
  }

  std::unique_ptr<adapters::PostgresStore> store_;
  std::unique_ptr<adapters::PostgresDirectory> directory_;
};

}  // namespace chat::testing
