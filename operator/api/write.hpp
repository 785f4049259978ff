#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "operator/api/chat_cluster.hpp"
#include "operator/api/chat_operation.hpp"

namespace chatop::api {

using OrderedJson = nlohmann::ordered_json;

enum class Part { SpecOnly, WithStatus };

// The document as people see it: keys in the contract's order, every default filled in.
[[nodiscard]] OrderedJson to_json(const ChatCluster& cluster, Part part);
[[nodiscard]] OrderedJson to_json(const ChatClusterStatus& status);
[[nodiscard]] OrderedJson to_json(const ChatOperation& operation, Part part);
[[nodiscard]] std::string to_yaml(const ChatCluster& cluster, Part part);

// Indented JSON. Bytes that are not UTF-8 (a log line in a message) become U+FFFD: printing never fails.
[[nodiscard]] std::string json_text(const OrderedJson& value);

// Any JSON value as block-style YAML that reads back to the same value. Strings that YAML would take for something else
// are quoted.
[[nodiscard]] std::string to_yaml(const OrderedJson& value);

}  // namespace chatop::api
