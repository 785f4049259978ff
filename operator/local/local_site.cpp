#include "operator/local/local_site.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <system_error>
#include <utility>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/ulid.hpp"
#include "operator/api/update.hpp"
#include "operator/local/files.hpp"
#include "operator/local/identity.hpp"
#include "operator/local/log_reader.hpp"
#include "operator/local/operator_process.hpp"
#include "operator/local/site_watch.hpp"

namespace chatop::local {
namespace {

namespace fs = std::filesystem;
using chat::base::fail;
using chat::base::Result;
using chat::base::Status;
using ports::SiteErrc;

constexpr std::array<std::string_view, 5> kOurs{"resources", "clusters", "operator.lock", "operator.log",
                                                "operator.json"};

std::string id_of(pid_t pid) { return "pid " + std::to_string(pid); }

// What is below the state directory that no part of chatcluster made; empty: it is ours.
std::string foreign_entry(const fs::path& directory) {
  std::error_code error;
  fs::directory_iterator at(directory, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    const std::string name = at->path().filename().string();
    const bool ours = std::find(kOurs.begin(), kOurs.end(), name) != kOurs.end() || name.starts_with("operator.");
    if (!ours) return name;
  }
  return error ? "unreadable: " + error.message() : "";
}

}  // namespace

LocalSite::LocalSite(fs::path directory) : directory_(std::move(directory)), resources_(directory_) {}

Result<std::unique_ptr<ports::WriteLock>> LocalSite::lock() {
  auto lock = ResourceLock::take(resources_);
  if (!lock) return fail(lock.error());
  return std::make_unique<ResourceLock>(std::move(*lock));
}

// ---------------------------------------------------------------- documents

Result<ports::Listing<ports::StoredCluster>> LocalSite::list() {
  auto known = names();
  if (!known) return fail(known.error());
  ports::Listing<ports::StoredCluster> all;
  for (const auto& name : *known) {
    auto stored = read(name);
    if (stored)
      all.items.push_back(std::move(*stored));
    else if (stored.error().code != make_error_code(SiteErrc::not_found))  // deleted in this very moment
      all.unreadable.push_back(stored.error());
  }
  return all;
}

Result<LocalSite::Next> LocalSite::next_of(const api::ChatCluster& proposed) const {
  const std::string kind_and_name = "chatcluster/" + proposed.metadata.name;
  auto refused = [](std::string sentence) { return Next{{}, {ports::Change::unchanged, {std::move(sentence)}}}; };
  if (proposed.metadata.namespace_name != "default")
    return refused("metadata.namespace is \"" + proposed.metadata.namespace_name +
                   "\", and local mode has the namespace default only: remove the field");
  auto current = resources_.read(proposed.metadata.name);
  if (!current && current.error().code == make_error_code(SiteErrc::not_found)) {
    const auto now = chat::base::SystemClock().now_milliseconds();
    return Next{api::created(proposed, chat::base::new_ulid(now).uuid_text(), chat::base::rfc3339(now)),
                {ports::Change::created, {}}};
  }
  if (!current) return fail(current.error());
  if (current->deleting) return refused(ports::being_deleted(kind_and_name, "chatctl"));
  Next next{api::updated(current->cluster, proposed), {}};
  for (const auto& refusal : api::validate_update(current->cluster, proposed))
    next.judgement.refusals.push_back(kind_and_name + ": " + api::text(refusal));
  next.judgement.change = next.cluster == current->cluster ? ports::Change::unchanged : ports::Change::configured;
  return next;
}

Result<ports::Judgement> LocalSite::judge(const ports::Proposal& proposal) {
  if (const auto* operation = std::get_if<api::ChatOperation>(&proposal.document)) {
    return ports::Judgement{
        ports::Change::unchanged,
        {"chatoperation/" + operation->metadata.name + ": no operation is served yet by this version: " +
         std::string(api::kOperationTypeNames[static_cast<std::size_t>(operation->spec.type)]) +
         " can not be run, and nothing was applied"}};
  }
  auto next = next_of(std::get<api::ChatCluster>(proposal.document));
  if (!next) return fail(next.error());
  return std::move(next->judgement);
}

Status LocalSite::apply(const ports::Proposal& proposal) {
  const auto* cluster = std::get_if<api::ChatCluster>(&proposal.document);
  if (cluster == nullptr) return fail(SiteErrc::unsupported, "no operation is served yet by this version");
  auto next = next_of(*cluster);
  if (!next) return fail(next.error());
  if (!next->judgement.refusals.empty()) return fail(SiteErrc::invalid, next->judgement.refusals.front());
  return resources_.write(next->cluster);
}

// ---------------------------------------------------------------- what runs

ports::OperatorSeen LocalSite::operator_seen() {
  auto who = running_operator();
  if (!who) return {};
  return {ports::OperatorSeen::State::running, std::move(*who)};
}

std::optional<std::string> LocalSite::running_operator() {
  const auto pid = local::running_operator(directory_);
  if (!pid) return std::nullopt;
  return id_of(*pid);
}

std::optional<pid_t> LocalSite::operator_pid() const {
  const auto pid = local::running_operator(directory_);
  return pid ? pid : started_;
}

std::vector<ports::ProcessLine> LocalSite::processes(const std::string& cluster) {
  const ClusterLayout layout(directory_, cluster);
  std::vector<ports::ProcessLine> lines;
  std::error_code error;
  fs::directory_iterator at(layout.run(), error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    if (at->path().extension() != ".json") continue;
    auto text = read_file(at->path());
    auto identity = text ? parse_identity(*text) : std::nullopt;
    if (!identity) continue;
    const Evidence evidence{lock_holder(at->path()), start_time_of(identity->pid), boot_id()};
    lines.push_back({identity->name, id_of(static_cast<pid_t>(identity->pid)), proves(evidence, *identity),
                     identity->restarts, identity->started_ms, layout.log(identity->name).string()});
  }
  std::sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return lines;
}

// ---------------------------------------------------------------- logs

fs::path LocalSite::log(const std::string& cluster, const std::string& process) const {
  if (process == ports::kOperatorLog) return operator_log(directory_);
  return ClusterLayout(directory_, cluster).log(process);
}

std::vector<std::string> LocalSite::logs(const std::string& cluster) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator at(ClusterLayout(directory_, cluster).logs(), error);
  for (; !error && at != fs::directory_iterator(); at.increment(error))
    if (at->path().extension() == ".log") names.push_back(at->path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

Status LocalSite::copy_log(const std::string& cluster, const ports::LogRequest& request, std::ostream& out) {
  const auto file = log(cluster, request.process);
  std::optional<SiteWatch> more;
  if (request.follow) more.emplace(file.parent_path(), SiteWatch::Changes::files_written, Signals::take);
  return copy_log_file(file, request.tail, more ? &*more : nullptr, out);
}

std::vector<std::string> LocalSite::last_lines(const std::string& cluster, const std::string& process,
                                               std::size_t count) {
  return local::last_lines(log(cluster, process), count);
}

std::unique_ptr<ports::Watch> LocalSite::watch(Signals signals) {
  return std::make_unique<SiteWatch>(resources_.folder(), SiteWatch::Changes::files_replaced, signals,
                                     [this] { return operator_pid(); });
}

// ---------------------------------------------------------------- the machine

Result<std::string> LocalSite::start_operator() {
  auto pid = local::start_operator(directory_);
  if (!pid) return fail(pid.error());
  started_ = *pid;
  return id_of(*pid);
}

Status LocalSite::stop_operator(std::chrono::seconds timeout) {
  const auto pid = local::running_operator(directory_);
  if (!pid) return {};
  return local::stop_operator(directory_, *pid, timeout);
}

Status LocalSite::stop_everything(std::chrono::seconds timeout) { return run_teardown(directory_, timeout); }

bool LocalSite::has_clusters() {
  std::error_code error;
  return fs::exists(directory_ / "clusters", error);
}

bool LocalSite::exists() {
  std::error_code error;
  return fs::exists(directory_, error);
}

bool LocalSite::has_room() {
  constexpr std::uintmax_t kLittle = 1024 * 1024;
  std::error_code error;
  const auto space = fs::space(directory_, error);
  return error || space.available >= kLittle;
}

Status LocalSite::may_purge() {
  const auto foreign = foreign_entry(directory_);
  if (foreign.empty()) return {};
  return fail(SiteErrc::invalid, where() + " holds what is not ours (" + foreign +
                                     "), so nothing in it was removed: remove what you do not need by hand");
}

Status LocalSite::purge() {
  if (auto may = may_purge(); !may) return may;
  std::error_code error;
  for (auto at = fs::directory_iterator(directory_, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    std::error_code kept;
    fs::remove_all(at->path(), kept);
    if (kept) return fail(SiteErrc::unwritable, at->path().string() + " can not be removed: " + kept.message());
  }
  return {};
}

}  // namespace chatop::local
