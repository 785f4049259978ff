#pragma once
#include <vector>

#include "operator/api/chat_operation.hpp"
#include "operator/api/parse.hpp"
#include "operator/api/yaml_value.hpp"

namespace chatop::api {

// What the fields of a ChatOperation must obey together: above all that exactly the one block of its type is there.
// `root` is the document, for the lines of what is wrong.
void check_operation(const YamlValue& root, const ChatOperationSpec& spec, std::vector<FieldError>& errors);

}  // namespace chatop::api
