#include "operator/kubernetes/site/proposals.hpp"

#include "operator/api/stored.hpp"
#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/client/kinds.hpp"
#include "operator/kubernetes/site/pods.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::fail;
using chat::base::Json;
using chat::base::Result;

template <class Resource>
Result<Resource> parsed(const Kind& kind, const Json& object) {
  auto document = api::parse_stored(object);
  if (!document)
    return fail(ports::SiteErrc::invalid,
                kind_and_name(kind, name_of(object)) + ": " + api::text(document.error().front()));
  if (auto* resource = std::get_if<Resource>(&*document)) return std::move(*resource);
  return fail(ports::SiteErrc::invalid, kind_and_name(kind, name_of(object)) + " is of another kind");
}

}  // namespace

std::string kind_and_name(const Kind& kind, std::string_view name) {
  return (kind.kind == kinds::kChatCluster.kind ? "chatcluster/" : "chatoperation/") + std::string(name);
}

ToApply to_apply(const ports::Proposal& proposal, const std::string& name_space) {
  const bool cluster = std::holds_alternative<api::ChatCluster>(proposal.document);
  Json body = proposal.written;
  auto& metadata = body["metadata"];
  if (!metadata.contains("namespace")) metadata["namespace"] = name_space;
  ObjectRef object{cluster ? kinds::kChatCluster : kinds::kChatOperation, text_at(body, {"metadata", "namespace"}),
                   name_of(body)};
  return {std::move(object), std::move(body)};
}

bool differ(const Json& before, const Json& after) {
  for (auto path : {std::pair{"metadata", "labels"}, {"metadata", "annotations"}})
    if (value_at(before, {path.first, path.second}) != value_at(after, {path.first, path.second})) return true;
  return value_at(before, {"spec"}) != value_at(after, {"spec"});
}

bool deleting(const Json& object) { return !value_at(object, {"metadata", "deletionTimestamp"}).is_null(); }

Result<ports::StoredCluster> stored_cluster(const Json& object) {
  auto cluster = parsed<api::ChatCluster>(kinds::kChatCluster, object);
  if (!cluster) return fail(std::move(cluster.error()));
  return ports::StoredCluster{std::move(*cluster), deleting(object)};
}

Result<ports::StoredOperation> stored_operation(const Json& object) {
  auto operation = parsed<api::ChatOperation>(kinds::kChatOperation, object);
  if (!operation) return fail(std::move(operation.error()));
  return ports::StoredOperation{std::move(*operation), deleting(object), !value_at(object, {"status"}).empty()};
}

}  // namespace chatop::kubernetes
