#pragma once
#include "dataplane/base/json.hpp"
#include "operator/api/parse.hpp"
#include "operator/api/write.hpp"

// Documents on their way to and from an API server.
namespace chatop::api {

// An object as the API server keeps it, with its status. It was judged when it was stored, perhaps by a newer version:
// what is not known here is passed over, and only what has no possible reading is an error.
[[nodiscard]] Parsed<Document> parse_stored(const chat::base::Json& object);

// Of `documents`, which parse_documents() made of `yaml`, the fields that stand there, in the contract's order: no
// defaults, no status, nothing that the system gives. Who applies them owns what he wrote and nothing else.
[[nodiscard]] std::vector<OrderedJson> as_written(std::string_view yaml, const std::vector<Document>& documents);

}  // namespace chatop::api
