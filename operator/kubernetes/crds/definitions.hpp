#pragma once
#include <string>

#include "operator/api/write.hpp"

namespace chatop::kubernetes {

// The CustomResourceDefinitions of the two kinds, made of what operator/api says about their fields. crds/ keeps them
// as files; a test compares.
[[nodiscard]] api::OrderedJson chat_cluster_definition();
[[nodiscard]] api::OrderedJson chat_operation_definition();

// Both as the YAML of their files.
[[nodiscard]] std::string definition_file(const api::OrderedJson& definition);

}  // namespace chatop::kubernetes
