#pragma once
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/base/json.hpp"

namespace chat::base {

// Builds the document while a parser reads it, and stops the parser (by answering false) at the first thing refused:
// what is nested deeper than `max_depth`, a key that is there twice.
class JsonBuilder final : public nlohmann::json_sax<Json> {
 public:
  explicit JsonBuilder(int max_depth) : max_depth_(max_depth) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    auto [place, fresh] = open_.back()->get_ref<Json::object_t&>().emplace(name, nullptr);
    if (!fresh) {
      error_ = Error{JsonErrc::malformed, "the key \"" + name.substr(0, 64) + "\" is there twice"};
      return false;
    }
    member_ = &place->second;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const Json::exception&) override {
    error_ = Error{JsonErrc::malformed, "not valid JSON near byte " + std::to_string(position)};
    return false;
  }

  Json root;
  [[nodiscard]] Error error() && { return std::move(error_); }

 private:
  template <class Value>
  Json* place(Value&& value) {
    Json* where = &root;
    if (member_ != nullptr) {
      where = member_;
      member_ = nullptr;
    } else if (!open_.empty()) {
      auto& array = open_.back()->get_ref<Json::array_t&>();
      array.emplace_back();
      where = &array.back();
    }
    *where = std::forward<Value>(value);
    return where;
  }
  template <class Value>
  bool add(Value&& value) {
    place(std::forward<Value>(value));
    return true;
  }
  bool open(Json empty) {
    if (open_.size() >= static_cast<std::size_t>(max_depth_)) {
      error_ = Error{JsonErrc::too_deep, "nested deeper than " + std::to_string(max_depth_) + " levels"};
      return false;
    }
    // A pointer to an array's element stays valid: the array grows again only after this one was closed.
    open_.push_back(place(std::move(empty)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  int max_depth_;
  std::vector<Json*> open_;
  Json* member_ = nullptr;  // where the next value goes, when a key was just read
  Error error_{JsonErrc::malformed, "not valid JSON"};
};

}  // namespace chat::base
