#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "operator/controllers/environment.hpp"
#include "operator/controllers/readings.hpp"
#include "operator/plan/plan.hpp"

namespace chatop::controllers {

// Looks after one ChatCluster: reads everything, decides, starts the acts, writes the status; again after every change
// and every second, less often where nothing changes. It never asks what woke it. Acts run beside the loop, one at a
// time for each key; one that fails holds up no other and is tried again later. One thread; must outlive run().
class ClusterController {
 public:
  ClusterController(const Environment& environment, const std::string& key, std::function<void()> finished);

  // How often what is well is asked where nothing changes, and what is under way.
  void set_pace(std::chrono::milliseconds rest, std::chrono::milliseconds busy) {
    rest_ = rest;
    busy_tick_ = busy;
  }
  // The newest document; its status is taken over the first time only.
  void update(const api::ChatCluster& cluster);
  void set_objective(plan::Objective objective);
  void wake();
  // Until close() or until it is finished; returns when no act is under way any more.
  [[nodiscard]] chat::base::Task<> run();
  // Begins no more acts. The processes keep running.
  void close();

  [[nodiscard]] bool finished() const { return finished_; }  // stopped or removed, as the objective says
  [[nodiscard]] bool has_decided() const { return has_decided_; }
  [[nodiscard]] bool closing() const { return closing_; }

 private:
  [[nodiscard]] plan::Observed observe();
  void reconcile();
  void watch_clock();
  [[nodiscard]] chat::base::Task<std::optional<chat::base::Turns::Turn>> begin();
  chat::base::Task<> open();
  [[nodiscard]] bool may_act() const { return !environment_.may_act || environment_.may_act(); }
  [[nodiscard]] bool status_is_old();
  chat::base::Task<> write_status();
  void start_act(plan::Action action);
  chat::base::Task<> run_act(plan::Action action);
  [[nodiscard]] chat::base::Task<chat::base::Status> perform(plan::Action action);
  [[nodiscard]] chat::base::Task<chat::base::Status> on_shard(std::string shard, plan::Action action);
  [[nodiscard]] chat::base::Task<chat::base::Status> on_daemon(plan::Action action);

  const Environment& environment_;
  prometheus::Counter& decisions_;
  std::string key_;   // of the store
  std::string name_;  // for people
  std::function<void()> on_finished_;
  api::ChatCluster cluster_;
  plan::Objective objective_ = plan::Objective::serve;
  bool has_document_ = false;
  std::unique_ptr<ports::Platform> platform_;
  std::unique_ptr<Readings> readings_;
  std::set<std::string> acting_;
  std::map<std::string, plan::ActFailure> failures_;
  api::ChatClusterStatus written_;
  std::int64_t written_ms_ = 0;
  bool writing_ = false;   // the status
  std::string unwritten_;  // why the last status could not be written
  unsigned failed_writes_ = 0;
  std::chrono::milliseconds rest_{1000};
  std::chrono::milliseconds busy_tick_{200};
  bool busy_ = true;  // something is under way
  std::int64_t tidied_ms_ = 0;
  std::optional<std::int64_t> clock_ahead_ms_;  // the wall clock, of the steady one
  std::int64_t clock_step_ms_ = 0;
  std::int64_t clock_step_at_ms_ = 0;
  bool has_decided_ = false;
  bool finished_ = false;
  bool closing_ = false;
  bool woken_ = false;
  std::chrono::steady_clock::time_point next_;
  boost::asio::steady_timer alarm_;
  boost::asio::steady_timer write_alarm_;
  chat::base::TaskGroup tasks_;
};

}  // namespace chatop::controllers
