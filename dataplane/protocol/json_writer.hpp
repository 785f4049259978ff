#pragma once
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/ulid.hpp"

namespace chat::protocol {

// Appends one flat JSON object to a string in one pass, without a document in between: message and ack frames are
// made for every message. Keys are constants of ours that need no escaping; values must be valid UTF-8.
class JsonWriter {
 public:
  explicit JsonWriter(std::size_t reserve) {
    out_.reserve(reserve);
    out_ += '{';
  }
  void add(std::string_view key, std::string_view value) {
    name(key);
    quote(value);
  }
  void add(std::string_view key, const char* value) { add(key, std::string_view(value)); }
  void add(std::string_view key, const base::Ulid& id) {
    name(key);
    quote_plain(id.text());
  }
  void add(std::string_view key, std::int64_t value) {
    name(key);
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out_.append(digits, end);
  }
  void add(std::string_view key, bool value) { add_raw(key, value ? "true" : "false"); }
  void add(std::string_view key, const std::vector<base::Ulid>& ids) {
    name(key);
    out_ += '[';
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (i > 0) out_ += ',';
      quote_plain(ids[i].text());
    }
    out_ += ']';
  }
  // `json` is JSON already.
  void add_raw(std::string_view key, std::string_view json) {
    name(key);
    out_ += json;
  }
  [[nodiscard]] std::string take() && {
    out_ += '}';
    return std::move(out_);
  }

 private:
  void name(std::string_view key) {
    if (out_.size() > 1) out_ += ',';
    quote_plain(key);
    out_ += ':';
  }
  void quote_plain(std::string_view text) {
    out_ += '"';
    out_ += text;
    out_ += '"';
  }
  void quote(std::string_view text);

  std::string out_;
};

}  // namespace chat::protocol
