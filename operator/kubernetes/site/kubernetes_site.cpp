#include "operator/kubernetes/site/kubernetes_site.hpp"

#include <algorithm>
#include <utility>

#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/client/kinds.hpp"
#include "operator/kubernetes/site/pods.hpp"
#include "operator/kubernetes/site/proposals.hpp"
#include "operator/kubernetes/site/site_watch.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::Error;
using chat::base::fail;
using chat::base::Json;
using chat::base::Result;
using chat::base::Status;
using ports::SiteErrc;

Client::Options client_options(const KubernetesSite::Options& options) {
  Client::Options mine;
  mine.field_manager = "kubectl-chat";
  mine.deadline = options.deadline;
  return mine;
}

// The API server does not know the kind at all.
bool without_definitions(const Error& error) {
  return error.code == ApiErrc::not_found && (error.message.find("page not found") != std::string::npos ||
                                              error.message.find("requested resource") != std::string::npos);
}

// What the API server says no to, and not what went wrong on the way.
bool refusal(const Error& error) {
  return error.code == ApiErrc::invalid || error.code == ApiErrc::forbidden || error.code == ApiErrc::conflict ||
         error.code == ApiErrc::not_found;
}

template <class Stored, class Read>
ports::Listing<Stored> listing(const std::vector<Json>& objects, Read read) {
  ports::Listing<Stored> all;
  for (const auto& object : objects) {
    auto stored = read(object);
    if (stored)
      all.items.push_back(std::move(*stored));
    else
      all.unreadable.push_back(std::move(stored.error()));
  }
  return all;
}

}  // namespace

KubernetesSite::KubernetesSite(const Connection::MakeHttp& make_http, Options options)
    : options_(std::move(options)), connection_(make_http, client_options(options_)) {}

std::string KubernetesSite::where() const {
  return "namespace " + options_.name_space +
         (options_.context.empty() ? std::string(" of this cluster") : " of context " + options_.context);
}

Error KubernetesSite::said(const Error& error, SiteErrc otherwise) const {
  if (without_definitions(error))
    return {SiteErrc::unreadable,
            "this cluster does not know ChatClusters: install chatcluster there first, or at least its crds/"};
  if (error.code == ApiErrc::unreachable)
    return {otherwise, options_.server + " does not answer (" + error.message + "): is it the right context?"};
  if (error.code == ApiErrc::unauthorized)
    return {otherwise, options_.server + " does not know you (" + error.message + "): renew your credentials"};
  return {otherwise, error.message};
}

// ---------------------------------------------------------------- documents

Result<Json> KubernetesSite::get(const Kind& kind, std::string_view name) {
  auto object = connection_.run(connection_.client().get({kind, options_.name_space, std::string(name)}));
  if (object) return object;
  if (object.error().code == ApiErrc::not_found && !without_definitions(object.error()))
    return fail(SiteErrc::not_found, "there is no " + kind.kind + " \"" + std::string(name.substr(0, 100)) + "\"");
  return fail(said(object.error(), SiteErrc::unreadable));
}

Result<std::vector<Json>> KubernetesSite::all(const Kind& kind) {
  auto listed = connection_.run(connection_.client().list({kind, options_.name_space, "", ""}, keep_all));
  if (!listed) return fail(said(listed.error(), SiteErrc::unreadable));
  std::sort(listed->items.begin(), listed->items.end(),
            [](const Json& a, const Json& b) { return name_of(a) < name_of(b); });
  return std::move(listed->items);
}

Status KubernetesSite::remove(const Kind& kind, std::string_view name) {
  auto object = get(kind, name);
  if (!object) return fail(object.error());
  auto removed =
      connection_.run(connection_.client().remove({kind, options_.name_space, std::string(name)}, uid_of(*object)));
  if (!removed) return fail(said(removed.error(), SiteErrc::unwritable));
  return {};
}

Result<std::vector<std::string>> KubernetesSite::names() {
  auto objects = all(kinds::kChatCluster);
  if (!objects) return fail(objects.error());
  std::vector<std::string> names;
  for (const auto& object : *objects) names.push_back(name_of(object));
  return names;
}

Result<ports::StoredCluster> KubernetesSite::read(std::string_view name) {
  auto object = get(kinds::kChatCluster, name);
  if (!object) return fail(object.error());
  return stored_cluster(*object);
}

Result<ports::Listing<ports::StoredCluster>> KubernetesSite::list() {
  auto objects = all(kinds::kChatCluster);
  if (!objects) return fail(objects.error());
  return listing<ports::StoredCluster>(*objects, stored_cluster);
}

Result<ports::Judgement> KubernetesSite::judge(const ports::Proposal& proposal) {
  const auto [object, body] = to_apply(proposal, options_.name_space);
  const auto name = kind_and_name(object.kind, object.name);
  auto refused = [](std::string sentence) { return ports::Judgement{ports::Change::unchanged, {std::move(sentence)}}; };
  if (options_.only_this_namespace && object.name_space != options_.name_space)
    return refused(name + " is of namespace " + object.name_space + ", and -n says " + options_.name_space +
                   ": leave one of them out");
  auto before = connection_.run(connection_.client().get(object));
  const bool there = before.has_value();
  if (!there && (before.error().code != ApiErrc::not_found || without_definitions(before.error())))
    return fail(said(before.error(), SiteErrc::unreadable));
  if (there && deleting(*before)) return refused(ports::being_deleted(name, "kubectl chat"));
  auto after = connection_.run(connection_.client().apply(
      object, body, {.force = options_.force_conflicts, .dry_run = true, .subresource = {}}));
  if (!after && refusal(after.error())) {
    const bool conflict = after.error().code == ApiErrc::conflict;
    return refused(name + ": " + after.error().message + (conflict ? "; --force-conflicts takes them over" : ""));
  }
  if (!after) return fail(said(after.error(), SiteErrc::unwritable));
  if (!there) return ports::Judgement{ports::Change::created, {}};
  return ports::Judgement{differ(*before, *after) ? ports::Change::configured : ports::Change::unchanged, {}};
}

Status KubernetesSite::apply(const ports::Proposal& proposal) {
  const auto [object, body] = to_apply(proposal, options_.name_space);
  auto applied = connection_.run(connection_.client().apply(
      object, body, {.force = options_.force_conflicts, .dry_run = false, .subresource = {}}));
  if (applied) return {};
  if (refusal(applied.error()))
    return fail(SiteErrc::invalid, kind_and_name(object.kind, object.name) + ": " + applied.error().message);
  return fail(said(applied.error(), SiteErrc::unwritable));
}

Status KubernetesSite::mark_deleting(std::string_view name) { return remove(kinds::kChatCluster, name); }

Result<ports::Listing<ports::StoredOperation>> KubernetesSite::operations() {
  auto objects = all(kinds::kChatOperation);
  if (!objects) return fail(objects.error());
  return listing<ports::StoredOperation>(*objects, stored_operation);
}

Result<ports::StoredOperation> KubernetesSite::read_operation(std::string_view name) {
  auto object = get(kinds::kChatOperation, name);
  if (!object) return fail(object.error());
  return stored_operation(*object);
}

Status KubernetesSite::delete_operation(std::string_view name) { return remove(kinds::kChatOperation, name); }

std::unique_ptr<ports::Watch> KubernetesSite::watch(Signals signals) {
  return std::make_unique<SiteWatch>(connection_, ListRequest{kinds::kChatCluster, options_.name_space, "", ""},
                                     signals,
                                     [this] { return operator_seen().state != ports::OperatorSeen::State::none; });
}

}  // namespace chatop::kubernetes
