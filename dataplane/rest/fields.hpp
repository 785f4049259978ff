#pragma once
#include <optional>
#include <string>
#include <vector>

#include "dataplane/rest/call.hpp"

namespace chat::rest {

// Reads the fields of a JSON object. The first thing that is wrong is kept and named, so that a handler reads all it
// wants in a row and asks once. Unknown fields are ignored; null in an optional field is the same as none.
class Fields {
 public:
  explicit Fields(const Json& object) : object_(object) {}

  std::string text(const char* key);
  std::optional<std::string> optional_text(const char* key);
  std::vector<Ulid> ids(const char* key);
  [[nodiscard]] base::Status status() const;

 private:
  const Json* find(const char* key, bool required);
  void wrong(std::string what);

  const Json& object_;
  std::optional<base::Error> error_;
};

}  // namespace chat::rest
