// What ClusterController does for each action of the plan.
#include "operator/controllers/cluster_controller.hpp"
#include "operator/ports/steady.hpp"

namespace chatop::controllers {

using chat::base::Status;
using chat::base::Task;

namespace {

// A condition's reason where trying again will not help until somebody changes something; else empty.
std::string reason_for_a_person(const std::error_code& code) {
  if (code == ports::PlatformErrc::disk_full) return "DiskFull";
  if (code == ports::PlatformErrc::no_permission) return "NoPermission";
  if (code == ports::PlatformErrc::bad_name) return "NameRefused";
  if (code == ports::PlatformErrc::secret_missing) return "SecretMissing";
  if (code == ports::PlatformErrc::quota_full) return "QuotaFull";
  if (code == ports::PlatformErrc::person || code == ports::ShardErrc::changed_migration) return "NeedsAttention";
  return {};
}

// What fails for an hour is not an hour of lines: the 1st, 2nd, 4th, 8th … time, and whenever it fails otherwise.
bool worth_a_line(const plan::ActFailure& failure, const std::string& message) {
  return failure.message != message || (failure.attempts & (failure.attempts - 1)) == 0;
}

// Of the acts that are done inside a shard's Postgres.
std::optional<std::string> shard_of(const plan::Action& action) {
  if (const auto* act = std::get_if<plan::MigrateShard>(&action)) return act->shard;
  if (const auto* act = std::get_if<plan::AssignBuckets>(&action)) return act->shard;
  if (const auto* act = std::get_if<plan::RestoreLogin>(&action)) return act->shard;
  return std::nullopt;
}

}  // namespace

void ClusterController::start_act(plan::Action action) {
  if (closing_ || !may_act() || !acting_.insert(plan::key_of(action)).second) return;
  auto what = plan::describe(action);
  tasks_.spawn(std::move(what), run_act(std::move(action)));
}

Task<> ClusterController::run_act(plan::Action action) {
  const auto key = plan::key_of(action);
  const auto what = plan::describe(action);
  const bool removes = std::holds_alternative<plan::RemoveCluster>(action);
  auto done = co_await perform(std::move(action));
  acting_.erase(key);
  environment_.metrics
      .counter("chat_operator_acts_total", "Acts of the operator, by their outcome",
               {{"outcome", done ? "done" : "failed"}})
      .Increment();
  if (done) {
    environment_.log.info("act_done", {{"cluster", name_}, {"act", what}});
    failures_.erase(key);
    if (removes) {
      finished_ = true;
      on_finished_();
    }
  } else {
    auto& failure = failures_[key];
    auto message = "could not " + what + ": " + done.error().message;
    failure.reason = reason_for_a_person(done.error().code);
    ++failure.attempts;
    failure.at_ms = ports::steady_milliseconds(environment_.clock);
    if (worth_a_line(failure, message))
      environment_.log.warn(
          "act_failed",
          {{"cluster", name_}, {"act", what}, {"attempts", failure.attempts}, {"error", done.error().message}});
    failure.message = std::move(message);
  }
  wake();
}

Task<Status> ClusterController::perform(plan::Action action) {
  if (std::holds_alternative<plan::PrepareCluster>(action)) co_return co_await platform_->prepare_cluster();
  if (auto* prepare = std::get_if<plan::Prepare>(&action)) co_return co_await platform_->prepare(prepare->process);
  if (auto* start = std::get_if<plan::Start>(&action)) co_return co_await platform_->start(start->process);
  if (auto* stop = std::get_if<plan::Stop>(&action)) co_return co_await platform_->stop(stop->name, stop->grace);
  if (auto* kill = std::get_if<plan::Kill>(&action)) co_return co_await platform_->kill(kill->name);
  if (auto* grow = std::get_if<plan::GrowVolume>(&action)) co_return co_await platform_->grow_volume(grow->name);
  if (auto* remember = std::get_if<plan::Remember>(&action)) co_return co_await platform_->remember(remember->memory);
  if (auto* remove = std::get_if<plan::RemoveCluster>(&action)) {
    auto removed = co_await platform_->remove(remove->keep_data);
    if (!removed) co_return removed;
    co_return co_await environment_.store.remove(key_);
  }
  if (auto shard = shard_of(action)) co_return co_await on_shard(*shard, std::move(action));
  co_return co_await on_daemon(std::move(action));
}

Task<Status> ClusterController::on_shard(std::string shard, plan::Action action) {
  auto access = platform_->shard_access(shard);
  if (!access) co_return chat::base::fail(access.error());
  Status done;
  if (const auto* assign = std::get_if<plan::AssignBuckets>(&action))
    done = co_await environment_.shard_admin.own(*access, shard, assign->ranges);
  else if (std::holds_alternative<plan::RestoreLogin>(action))
    done = co_await environment_.shard_admin.restore_login(*access);
  else
    done = co_await environment_.shard_admin.migrate(*access);
  readings_->forget_shard(shard);
  co_return done;
}

Task<Status> ClusterController::on_daemon(plan::Action action) {
  const auto* drain = std::get_if<plan::Drain>(&action);
  const auto name = drain != nullptr ? drain->name : std::get<plan::PushMap>(action).name;
  auto access = platform_->admin_access();
  if (!access) co_return chat::base::fail(access.error());
  const auto platform = observe().platform;
  for (const auto& process : platform.processes) {
    if (process.name != name || !process.running) continue;
    Status done;
    if (drain != nullptr) {
      done = co_await environment_.data_plane.drain(ports::asked_at(process), *access, drain->order);
    } else {
      auto map = platform_->memory().map;
      done = co_await environment_.data_plane.put_map(ports::asked_at(process), *access, std::move(map));
    }
    if (!done && done.error().code == ports::DataPlaneErrc::refused) platform_->refused();
    if (done) co_await readings_->ask_again(name, process.pid, ports::asked_at(process));
    co_return done;
  }
  co_return Status{};  // it went meanwhile: the next decision knows
}

}  // namespace chatop::controllers
