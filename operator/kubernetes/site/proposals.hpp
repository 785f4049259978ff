#pragma once
#include "operator/kubernetes/client/client.hpp"
#include "operator/ports/site.hpp"

// How documents become objects of the API server, and back. Pure.
namespace chatop::kubernetes {

// "chatcluster/demo"
[[nodiscard]] std::string kind_and_name(const Kind& kind, std::string_view name);

// What is sent: only what stands in the document, in the namespace that it names, else in `name_space`.
struct ToApply {
  ObjectRef object;
  chat::base::Json body;
};
[[nodiscard]] ToApply to_apply(const ports::Proposal& proposal, const std::string& name_space);

// Whether what people write differs: spec, labels, annotations.
[[nodiscard]] bool differ(const chat::base::Json& before, const chat::base::Json& after);
[[nodiscard]] bool deleting(const chat::base::Json& object);

[[nodiscard]] chat::base::Result<ports::StoredCluster> stored_cluster(const chat::base::Json& object);
[[nodiscard]] chat::base::Result<ports::StoredOperation> stored_operation(const chat::base::Json& object);

}  // namespace chatop::kubernetes
