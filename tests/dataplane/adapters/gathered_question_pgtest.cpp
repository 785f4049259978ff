#include "dataplane/adapters/gathered_question.hpp"

#include "dataplane/domain/errors.hpp"
#include "tests/dataplane/adapters/two_shards.hpp"

namespace chat::adapters {
namespace {

// Answers each item's value twice, the number of those who are asked for in the same call, and its bucket.
constexpr const char* kEcho =
    "select q.item, q.value || n, cardinality($1::smallint[]), q.bucket from unnest($1::smallint[], $2::text[]) with "
    "ordinality as q(bucket, value, item), generate_series(1, 2) n order by q.item, n";

class GatheredQuestionTest : public chat::testing::TwoShards {
 protected:
  using Answer = base::Result<GatheredQuestion::Rows>;

  static GatheredQuestion::Item item(int shard, const std::string& value) { return {low_bucket(shard), {value}}; }
  static base::Task<> ask_into(GatheredQuestion& question, std::vector<GatheredQuestion::Item> items, Answer& into) {
    into = co_await question.ask(std::move(items));
  }
  // All ask at the same moment.
  std::vector<Answer> ask(GatheredQuestion& question, std::vector<std::vector<GatheredQuestion::Item>> questions) {
    std::vector<Answer> answers(questions.size(), GatheredQuestion::Rows());
    base::TaskGroup group(io_.get_executor());
    for (std::size_t i = 0; i < questions.size(); ++i)
      group.spawn("ask", ask_into(question, std::move(questions[i]), answers[i]));
    EXPECT_TRUE(run_task(io_, group.idle(std::chrono::steady_clock::now() + std::chrono::seconds(60))));
    return answers;
  }
  static std::vector<std::string> values(const Answer& answer) {
    std::vector<std::string> out;
    for (const auto& row : *answer) out.push_back(text(row[1]));
    return out;
  }
  template <class T>
  static T run_task(boost::asio::io_context& io, base::Task<T> task) {
    return chat::testing::run_task(io, std::move(task), std::chrono::seconds(60));
  }
};

TEST_F(GatheredQuestionTest, AsksOnceForAllWhoAskWhileAQuestionIsUnderWay) {
  GatheredQuestion question(*shards_, kEcho);
  std::vector<std::vector<GatheredQuestion::Item>> questions;
  for (int i = 0; i < 100; ++i) questions.push_back({item(i % 2, "v" + std::to_string(i) + ".")});
  const auto answers = ask(question, questions);
  double calls = 0;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(answers[i]) << answers[i].error().message;
    const auto value = "v" + std::to_string(i) + ".";
    EXPECT_EQ(values(answers[i]), (std::vector<std::string>{value + "1", value + "2"})) << "each gets its own rows";
    calls += 1.0 / static_cast<double>(integer(answers[i]->front()[2]));
  }
  EXPECT_LE(calls, 4.01) << "two a shard at most: the first one's, and that of all who came meanwhile";
}

TEST_F(GatheredQuestionTest, AsksEveryShardThatIsConcernedAndCutsWhatIsMuch) {
  GatheredQuestion question(*shards_, kEcho);
  std::vector<GatheredQuestion::Item> many;
  for (int i = 0; i < 1000; ++i) many.push_back(item(i % 2, std::to_string(i) + "."));
  const auto answer = run_task(io_, question.ask(many));
  ASSERT_TRUE(answer) << answer.error().message;
  std::set<std::string> all;
  for (const auto& row : *answer) {
    all.insert(text(row[1]));
    EXPECT_LE(integer(row[2]), 200);
  }
  EXPECT_EQ(all.size(), 2000U);
  EXPECT_TRUE(run_task(io_, question.ask({}))->empty());
}

TEST_F(GatheredQuestionTest, AShardThatIsAwayConcernsOnlyThoseWhoAskIt) {
  GatheredQuestion question(*shards_, kEcho);
  server(0).kill9();
  const auto answers = ask(question, {{item(0, "a")}, {item(1, "b")}, {item(0, "c"), item(1, "d")}});
  EXPECT_FALSE(answers[0]);
  ASSERT_TRUE(answers[1]);
  EXPECT_EQ(values(answers[1]), (std::vector<std::string>{"b1", "b2"}));
  EXPECT_FALSE(answers[2]);
  server(0).start();
  EXPECT_TRUE(run_task(io_, question.ask({item(0, "again")})));
}

TEST_F(GatheredQuestionTest, SaysUnavailableWhereTooManyWait) {
  GatheredQuestion question(*shards_, kEcho);
  const std::vector<GatheredQuestion::Item> too_many(20'001, item(0, "x"));
  const auto answers = ask(question, {too_many, {item(1, "elsewhere")}});
  ASSERT_FALSE(answers[0]);
  EXPECT_EQ(answers[0].error().code, make_error_code(domain::Errc::unavailable));
  EXPECT_TRUE(answers[1]);
  EXPECT_TRUE(run_task(io_, question.ask({item(0, "later")})));
}

}  // namespace
}  // namespace chat::adapters
