#pragma once
#include <vector>

#include "operator/api/document_reader.hpp"
#include "operator/api/parse.hpp"

namespace chatop::api {

// The fields all ChatOperations share; the blocks of the types are only known by their names here.
void read_operation_spec(DocumentReader& reader, ChatOperation& operation);

// Exactly the one block that belongs to the type is there, and it is a mapping.
void check_operation_block(const YamlValue& root, const ChatOperation& operation, std::vector<FieldError>& errors);

}  // namespace chatop::api
