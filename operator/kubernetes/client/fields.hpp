#pragma once
#include <initializer_list>
#include <string>

#include "dataplane/base/json.hpp"

// Fields of the API server's objects, which may lack any of them. Pure.
namespace chatop::kubernetes {

// object.a.b…; null where it is not there.
[[nodiscard]] const chat::base::Json& value_at(const chat::base::Json& object, std::initializer_list<const char*> path);
// The same as text; empty where it is not there, or no text.
[[nodiscard]] std::string text_at(const chat::base::Json& object, std::initializer_list<const char*> path);

[[nodiscard]] std::string name_of(const chat::base::Json& object);
[[nodiscard]] std::string uid_of(const chat::base::Json& object);

}  // namespace chatop::kubernetes
