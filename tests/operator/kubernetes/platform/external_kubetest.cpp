// PostgreSQL and Redis that somebody else runs.
#include <array>

#include "operator/shards/postgres_shard_admin.hpp"
#include "tests/operator/kubernetes/platform/life.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/redis_server.hpp"

namespace chatop::kubernetes {
namespace {

using api::ConditionStatus;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// PostgreSQL and Redis of somebody else, real ones; nobody is a superuser there.
class LifeWithServersOfOthers : public Life {
 protected:
  using PostgresConnection = chat::io::postgres::Connection;

  LifeWithServersOfOthers() {
    for (auto& server : postgres_) {
      PostgresConnection connection(server.target());
      auto made = connection.execute("create role theirs login createdb createrole password 'their password'");
      if (!made) throw std::runtime_error(made.error().message);
    }
    auto files = shards::load_migrations(std::string(CHATCLUSTER_SOURCE_DIR) + "/migrations");
    if (!files) throw std::runtime_error(files.error().message);
    admin_of_shards_ = std::make_unique<shards::PostgresShardAdmin>(pool_, std::move(*files));
  }
  StageOperator& begin_with_real_shards() {
    operators_.push_back(
        std::make_unique<StageOperator>(io_, log_, account(), name_space_, *daemons_, *admin_of_shards_));
    return *operators_.back();
  }
  static Json external() {
    auto spec = Life::small();
    spec["shards"] = {{"external", Json::array({{{"name", "b"}, {"secretName", "postgres-b"}},
                                                {{"name", "a"}, {"secretName", "postgres-a"}}})}};
    spec["redis"] = {{"external", {{"secretName", "their-redis"}}}};
    return spec;
  }
  void put(const std::string& name, Json values) {
    Json body = {{"apiVersion", "v1"},
                 {"kind", "Secret"},
                 {"metadata", {{"name", name}, {"namespace", name_space_}}},
                 {"stringData", std::move(values)}};
    (void)take_away(name);
    auto made = run(person().create({kinds::kSecret, name_space_, name}, body));
    ASSERT_TRUE(made) << made.error().message;
  }
  bool take_away(const std::string& name) {
    const ObjectRef place{kinds::kSecret, name_space_, name};
    auto found = run(person().get(place));
    return found && run(person().remove(place, text_at(*found, {"metadata", "uid"})));
  }
  Json of_postgres(int number) const {
    const auto target = postgres_[static_cast<std::size_t>(number)].target();
    return {{"host", target.host},
            {"port", std::to_string(target.port)},
            {"user", "theirs"},
            {"password", "their password"}};
  }
  Json of_redis() const {
    const auto where = redis_.host_port();
    return {{"host", where.host}, {"port", std::to_string(where.port)}, {"password", "their redis's password"}};
  }
  bool says(const std::string& type, const std::string& reason, const std::string& words) {
    return soon([&] {
      const auto now = status();
      const auto* condition = api::find_condition(now, type);
      return condition != nullptr && condition->reason == reason && condition->message.find(words) != std::string::npos;
    });
  }
  bool is_well() {
    return soon([&] { return is("Available", ConditionStatus::True) && is("Degraded", ConditionStatus::False); });
  }
  std::string in_shard(int number, const std::string& question) {
    auto target = postgres_[static_cast<std::size_t>(number)].target();
    target.database = "chat";
    auto rows = PostgresConnection(target).execute(question);
    return rows ? (*rows)[0][0].as<std::string>() : rows.error().message;
  }

  std::array<chat::testing::PostgresServer, 2> postgres_;
  chat::testing::RedisServer redis_{"their redis's password"};
  chat::base::BlockingPool pool_{"shards", 2, 64};
  std::unique_ptr<shards::PostgresShardAdmin> admin_of_shards_;
};

TEST_F(LifeWithServersOfOthers, ServeBySecretsThatAreSaidWhereTheyLackSomething) {
  auto& first = begin_with_real_shards();
  apply(external());
  ASSERT_TRUE(says("Degraded", "SecretMissing", "postgres-a")) << api::json_text(api::to_json(status()));
  auto without_password = of_postgres(0);
  without_password.erase("password");
  put("postgres-a", without_password);
  put("postgres-b", of_postgres(1));
  ASSERT_TRUE(says("Degraded", "SecretMissing", "password")) << api::json_text(api::to_json(status()));
  put("postgres-a", of_postgres(0));
  ASSERT_TRUE(says("Degraded", "SecretMissing", "their-redis")) << api::json_text(api::to_json(status()));
  put("their-redis", of_redis());
  ASSERT_TRUE(serves(1)) << api::json_text(api::to_json(status()));
  ASSERT_TRUE(is_well());
  EXPECT_EQ(in_shard(0, "select name from shard_identity"), "shard-0");  // by name, not as the list stands
  EXPECT_EQ(in_shard(1, "select name from shard_identity"), "shard-1");
  EXPECT_EQ(in_shard(1, "select count(*)::text from bucket_owners where owner = 'shard-1'"), "2048");
  EXPECT_THAT(daemons_->last_map, HasSubstr("127.0.0.1:" + std::to_string(postgres_[1].target().port)));
  const ObjectRef file{kinds::kConfigMap, name_space_, "demo-gateway"};
  EXPECT_THAT(text_at(run(client().get(file)).value(), {"data", "daemon.yaml"}),
              HasSubstr("redis: \"127.0.0.1:" + std::to_string(redis_.host_port().port)));
  // Of ours there are none.
  EXPECT_THAT(names_of(kinds::kStatefulSet), ::testing::ElementsAre("demo-gateway"));
  EXPECT_THAT(names_of(kinds::kClaim), IsEmpty());
  EXPECT_THAT(names_of(kinds::kNetworkPolicy),
              ::testing::UnorderedElementsAre("demo-api", "demo-gateway", "demo-messages", "demo-worker"));
  EXPECT_THAT(names_of(kinds::kService), ::testing::Not(Contains("demo-redis")));
  // Daemons log in there.
  const ObjectRef secrets{kinds::kSecret, name_space_, "demo-secrets"};
  auto daemon = postgres_[0].target();
  daemon.user = daemon.database = "chat";
  daemon.password = objects::secret_value(run(client().get(secrets)).value(), objects::kPostgresChatPassword);
  EXPECT_TRUE(PostgresConnection(daemon).execute("select count(*) from bucket_ranges"));
  // I8: at rest nothing is written.
  const auto writes = first.http.all_writes();
  EXPECT_FALSE(chat::testing::eventually(
      io_, [&] { return first.http.all_writes() != writes; }, 20s));
  EXPECT_THAT(first.http.refused, IsEmpty());

  // What goes away is missed, and what was known of it counts until it is back.
  ASSERT_TRUE(take_away("postgres-b"));
  ASSERT_TRUE(says("Degraded", "SecretMissing", "postgres-b"));
  EXPECT_TRUE(is("Available", ConditionStatus::True));
  put("postgres-b", of_postgres(1));
  ASSERT_TRUE(is_well());
  // A server that is away; a password that is changed there, and then in the Secret.
  postgres_[1].kill9();
  ASSERT_TRUE(says("Available", "ShardUnavailable", "shard-1"));
  postgres_[1].start();
  ASSERT_TRUE(is_well());
  redis_.kill9();
  ASSERT_TRUE(says("Available", "RedisUnavailable", "redis"));
  redis_.start();
  ASSERT_TRUE(is_well());
  ASSERT_TRUE(PostgresConnection(postgres_[0].target()).execute("alter role theirs password 'a new one'"));
  postgres_[0].kill9();
  postgres_[0].start();
  ASSERT_TRUE(says("Available", "ShardUnavailable", "password authentication failed"));
  auto renewed = of_postgres(0);
  renewed["password"] = "a new one";
  put("postgres-a", renewed);
  ASSERT_TRUE(is_well());

  // A shard more would be one without messages.
  auto more = external();
  more["shards"]["external"].push_back({{"name", "c"}, {"secretName", "postgres-c"}});
  apply(more);
  ASSERT_TRUE(says("Degraded", "NeedsAttention", "put the list back"));
  EXPECT_TRUE(is("Available", ConditionStatus::True));
  apply(external());
  ASSERT_TRUE(is_well());

  // Another operator finds it serving.
  first.kill();
  auto& second = begin_with_real_shards();
  EXPECT_TRUE(soon([&] { return second.loop.has_decided(); }));
  EXPECT_FALSE(chat::testing::eventually(
      io_, [&] { return second.http.all_writes() != 0; }, 5s))
      << ::testing::PrintToString(second.http.writes) << api::json_text(api::to_json(status()));

  ASSERT_TRUE(remove());
  EXPECT_TRUE(soon([&] { return names_of(kinds::kPod).empty(); }));
  EXPECT_EQ(in_shard(0, "select name from shard_identity"), "shard-0");
}

TEST_F(LifeWithServersOfOthers, RedisMayBeOursFirstAndTheirsThen) {
  begin();
  apply(small());
  ASSERT_TRUE(serves(1));
  auto spec = small();
  spec["redis"] = external()["redis"];
  apply(spec);
  ASSERT_TRUE(says("Degraded", "SecretMissing", "their-redis")) << api::json_text(api::to_json(status()));
  put("their-redis", of_redis());
  ASSERT_TRUE(serves(2)) << api::json_text(api::to_json(status()));
  EXPECT_TRUE(soon([&] {
    const auto sets = names_of(kinds::kStatefulSet);
    return std::find(sets.begin(), sets.end(), "demo-redis") == sets.end();
  }));
  EXPECT_FALSE(daemons_->drained.empty());  // gateways know the new one
}

}  // namespace
}  // namespace chatop::kubernetes
