// What a KubernetesSite tells about what runs: the operator's Lease, Pods and their logs.
#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/client/kinds.hpp"
#include "operator/kubernetes/objects/names.hpp"
#include "operator/kubernetes/site/kubernetes_site.hpp"
#include "operator/kubernetes/site/operator_lease.hpp"
#include "operator/kubernetes/site/pod_log.hpp"
#include "operator/kubernetes/site/pods.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::fail;
using chat::base::Json;
using chat::base::Result;
using chat::base::Status;
using ports::SiteErrc;

constexpr const char* kUsualPlace = "chatcluster-system";

std::string of_operators() {
  return label_selector(objects::operator_labels().get<std::map<std::string, std::string>>());
}
std::string of(const std::string& cluster) { return label_selector({{objects::kClusterLabel, cluster}}); }

}  // namespace

// ---------------------------------------------------------------- the operator

std::string KubernetesSite::operator_command() const {
  return "kubectl get pods -A -l " + of_operators() +
         (options_.context.empty() ? "" : " --context " + options_.context);
}

// First where it may be seen by who may not see all, then everywhere: an operator can be installed in any namespace.
Result<Json> KubernetesSite::lease() {
  std::optional<chat::base::Error> refused;
  for (const auto& place : {options_.name_space, std::string(kUsualPlace)}) {
    auto found = connection_.run(connection_.client().get({kinds::kLease, place, objects::kOperatorLease}));
    if (found) return found;
    if (found.error().code != ApiErrc::not_found && !refused) refused = found.error();
  }
  auto all = connection_.run(connection_.client().list(
      {kinds::kLease, "", "", "metadata.name=" + std::string(objects::kOperatorLease)}, keep_all));
  if (!all) return fail(refused ? *refused : all.error());
  auto latest = std::max_element(all->items.begin(), all->items.end(), [](const Json& a, const Json& b) {
    return lease_record(a).renewed < lease_record(b).renewed;
  });
  return latest == all->items.end() ? Json() : std::move(*latest);
}

ports::OperatorSeen KubernetesSite::operator_seen() {
  auto found = lease();
  if (!found) return {ports::OperatorSeen::State::unknown, said(found.error(), SiteErrc::unreadable).message};
  auto seen = operator_by(lease_record(*found), connection_.clock().now_milliseconds());
  const auto place = text_at(*found, {"metadata", "namespace"});
  if (!seen.who.empty() && place != options_.name_space) seen.who += " in namespace " + place;
  return seen;
}

// ---------------------------------------------------------------- Pods

Result<std::vector<Json>> KubernetesSite::pods(const std::string& name_space, const std::string& labels) {
  auto listed = connection_.run(connection_.client().list({kinds::kPod, name_space, labels, ""}, keep_all));
  if (!listed) return fail(said(listed.error(), SiteErrc::unreadable));
  return std::move(listed->items);
}

Result<std::vector<KubernetesSite::Process>> KubernetesSite::processes_of_cluster(const std::string& cluster) {
  auto found = pods(options_.name_space, of(cluster));
  if (!found) return fail(found.error());
  const auto names = processes_of(*found);
  std::vector<Process> all;
  for (std::size_t i = 0; i < names.size(); ++i) all.push_back({names[i], std::move((*found)[i])});
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
}

std::vector<ports::ProcessLine> KubernetesSite::processes(const std::string& cluster) {
  std::vector<ports::ProcessLine> lines;
  const auto found = processes_of_cluster(cluster);
  if (!found) return lines;
  for (const auto& each : *found) lines.push_back(process_line(each.pod, each.name));
  return lines;
}

std::vector<std::string> KubernetesSite::logs(const std::string& cluster) {
  std::vector<std::string> names;
  const auto found = processes_of_cluster(cluster);
  if (!found) return names;
  for (const auto& each : *found) names.push_back(each.name);
  return names;
}

Result<Json> KubernetesSite::pod_of(const std::string& cluster, const std::string& process) {
  if (process == ports::kOperatorLog) return pod_of_operator();
  auto found = processes_of_cluster(cluster);
  if (!found) return fail(found.error());
  for (auto& each : *found)
    if (each.name == process || name_in_cluster(each.pod) == process || name_of(each.pod) == process)
      return std::move(each.pod);
  return fail(SiteErrc::not_found, "there is no Pod for " + process + " of " + cluster);
}

// The one that holds the Lease: its identity begins with its Pod's name.
Result<Json> KubernetesSite::pod_of_operator() {
  auto held = lease();
  if (!held) return fail(said(held.error(), SiteErrc::unreadable));
  const auto holder = lease_record(*held).holder;
  if (holder.empty())
    return fail(SiteErrc::not_found,
                "no operator holds the Lease " + std::string(objects::kOperatorLease) + ": " + operator_command());
  auto found = pods(text_at(*held, {"metadata", "namespace"}), of_operators());
  if (!found) return fail(found.error());
  for (auto& pod : *found)
    if (holder.starts_with(name_of(pod))) return std::move(pod);
  return fail(SiteErrc::not_found, "the operator is " + holder + ", which is no Pod of its namespace");
}

// ---------------------------------------------------------------- logs

Status KubernetesSite::copy_log(const std::string& cluster, const ports::LogRequest& request, std::ostream& out) {
  auto pod = pod_of(cluster, request.process);
  if (!pod) return fail(pod.error());
  auto copied = copy_pod_log(connection_, *pod, request.tail, request.follow, out);
  if (!copied) return fail(said(copied.error(), ports::SiteErrc::unreadable));
  return {};
}

std::vector<std::string> KubernetesSite::last_lines(const std::string& cluster, const std::string& process,
                                                    std::size_t count) {
  std::ostringstream text;
  auto pod = pod_of(cluster, process);
  if (!pod || !copy_pod_log(connection_, *pod, static_cast<std::int64_t>(count), false, text)) return {};
  std::vector<std::string> lines;
  std::istringstream in(text.str());
  for (std::string line; std::getline(in, line);) lines.push_back(std::move(line));
  return lines;
}

}  // namespace chatop::kubernetes
