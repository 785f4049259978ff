#include <algorithm>

#include "dataplane/io/postgres/connection.hpp"

namespace chat::io::postgres {

void ArrayLiteral::add(std::string_view value) {
  if (text_.size() > 1) text_ += ',';
  text_ += '"';
  while (!value.empty()) {
    const auto plain = std::min(value.find_first_of("\"\\"), value.size());
    text_.append(value.substr(0, plain));
    value.remove_prefix(plain);
    if (value.empty()) break;
    text_ += '\\';
    text_ += value.front();
    value.remove_prefix(1);
  }
  text_ += '"';
}

void ArrayLiteral::add(std::int64_t value) {
  if (text_.size() > 1) text_ += ',';
  text_ += std::to_string(value);
}

void ArrayLiteral::add_null() {
  if (text_.size() > 1) text_ += ',';
  text_ += "NULL";
}

std::string ArrayLiteral::take() {
  std::string literal = std::move(text_);
  literal += '}';
  text_ = "{";
  return literal;
}

}  // namespace chat::io::postgres
