#pragma once
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "operator/api/chat_cluster.hpp"
#include "operator/api/chat_operation.hpp"

namespace chatop::api {

// One thing that is wrong in a document: where, what, and how to mend it.
struct FieldError {
  std::string path;  // spec.gateways.replicas.min; empty: the document itself
  int line = 0;      // from 1; 0 where there is no line to name
  std::string problem;
  std::string remedy;
};
// "spec.gateways.replicas.min is \"two\", not a whole number: write a number from 1 to 1000"
[[nodiscard]] std::string text(const FieldError& error);

template <class T>
using Parsed = tl::expected<T, std::vector<FieldError>>;

using Document = std::variant<ChatCluster, ChatOperation>;

// Every document of a YAML stream (separated by ---), with defaults filled in; or everything that is wrong with them,
// not the first only (at most 50 errors). A given status is read over, as the API server does. Input is bounded: 1 MiB,
// 32 levels, 100,000 values after aliases. Never throws.
[[nodiscard]] Parsed<std::vector<Document>> parse_documents(std::string_view yaml);
// Exactly one document, a ChatCluster.
[[nodiscard]] Parsed<ChatCluster> parse_chat_cluster(std::string_view yaml);
// The status alone, as write.hpp prints it. Fields of a newer version are passed over.
[[nodiscard]] Parsed<ChatClusterStatus> parse_status(std::string_view json);

}  // namespace chatop::api
