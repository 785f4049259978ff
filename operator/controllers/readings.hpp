#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>

#include "operator/controllers/environment.hpp"
#include "operator/plan/observed.hpp"

namespace chatop::controllers {

// Asks the daemons, the shards and Redis of one cluster how they are, beside the decisions, so that one that does not
// answer holds nobody up. One thread. `changed`: an answer differs from the one before in more than its figures.
class Readings {
 public:
  Readings(const Environment& environment, ports::Platform& platform, std::function<void()> changed);

  // Starts the questions that are due to whatever runs. Each process is asked one question at a time; one that is well
  // and about which there is no news not before `rest` has passed.
  void ask(const ports::PlatformView& platform, std::chrono::milliseconds rest);
  // Something that runs did not answer when it was last asked.
  [[nodiscard]] bool uneasy() const { return uneasy_; }
  void forget_shard(const std::string& name);  // something was done there: what it said before is old
  // Asks one daemon and waits for the answer: something was done there.
  [[nodiscard]] chat::base::Task<> ask_again(std::string name, std::int64_t pid, chat::base::HostPort admin);
  // Until every question has its answer, or failed (each has a deadline).
  [[nodiscard]] chat::base::Task<> settled();
  // What is known of the processes that run in `platform`; answers of earlier lives are left out.
  void add_to(plan::Observed& seen) const;

 private:
  chat::base::Task<> ask_daemon(std::string name, std::int64_t pid, chat::base::HostPort admin);
  chat::base::Task<> ask_shard(std::string name, std::int64_t pid);
  chat::base::Task<> ask_redis(std::int64_t pid);
  void follow(const ports::PlatformView& platform);
  [[nodiscard]] bool is_due(const ports::ProcessView& process, std::int64_t now, std::int64_t rest);
  [[nodiscard]] const plan::DaemonView* daemon_of(const ports::ProcessView& process) const;
  void keep_shard(const std::string& name, std::int64_t pid, chat::base::Result<ports::ShardReport> report);

  struct Asked {
    std::int64_t pid = 0;
    std::int64_t news = 0;
    std::int64_t at_ms = 0;
  };
  struct Shard {
    std::int64_t pid = 0;
    std::int64_t asked_ms = 0;
    std::int64_t reported_ms = 0;
    std::int64_t news = 0;
    unsigned misses = 0;  // questions in a row without an answer
    plan::ShardView view;
  };
  const Environment& environment_;
  ports::Platform& platform_;
  std::function<void()> changed_;
  std::map<std::string, plan::DaemonView> daemons_;
  std::map<std::int64_t, std::string> names_;  // of what runs, by its life
  std::map<std::string, Asked> asked_;         // daemons and Redis
  std::map<std::string, Shard> shards_;
  std::int64_t redis_answered_pid_ = 0;  // 0: it did not answer when last asked
  plan::RedisView redis_;
  std::int64_t redis_evicted_ = 0;
  unsigned slow_answers_ = 0;  // of Redis, in a row
  std::int64_t shards_due_ms_ = 0;
  bool uneasy_ = false;
  std::set<std::string> asking_;
  chat::base::TaskGroup tasks_;
};

}  // namespace chatop::controllers
