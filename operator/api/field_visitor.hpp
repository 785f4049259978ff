#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operator/api/chat_cluster.hpp"
#include "operator/api/chat_operation.hpp"
#include "operator/api/text_forms.hpp"

namespace chatop::api {

struct Range {
  std::int64_t least = 0;
  std::int64_t most = 0;
};

// What a text may be. `wants` completes the remedy "write …".
struct TextRule {
  TextForm form;
  std::string_view wants;
  bool required = false;       // no default: must be there
  bool omit_if_empty = false;  // printed only where it says something
};

// What the keys and values of a mapping of texts may be, with what completes the remedy "write …".
struct MapRule {
  bool (*key_holds)(std::string_view) = nullptr;
  std::string_view key_wants;
  bool (*value_holds)(std::string_view) = nullptr;
  std::string_view value_wants;
  std::size_t most = 0;  // entries
};

// Someone who walks over the fields of a document: the reader fills them, the writer prints them, the schema describes
// them. Before the walk each field holds its default. Names and descriptions are literals.
class FieldVisitor {
 public:
  FieldVisitor() = default;
  FieldVisitor(const FieldVisitor&) = delete;
  FieldVisitor& operator=(const FieldVisitor&) = delete;
  virtual ~FieldVisitor() = default;

  virtual void integer(std::string_view name, std::int64_t& value, Range range, std::string_view description) = 0;
  virtual void boolean(std::string_view name, bool& value, std::string_view description) = 0;
  virtual void text(std::string_view name, std::string& value, const TextRule& rule, std::string_view description) = 0;
  virtual void quantity(std::string_view name, Quantity& value, Range bytes, std::string_view description) = 0;
  virtual void texts(std::string_view name, std::vector<std::string>& values, const TextRule& rule, std::size_t most,
                     std::string_view description) = 0;
  virtual void text_map(std::string_view name, std::map<std::string, std::string>& values, const MapRule& rule,
                        std::string_view description) = 0;

  // A value past the names is none of them: the field has no default and must be there.
  template <class Enum, std::size_t N>
  void choice(std::string_view name, Enum& value, const std::array<std::string_view, N>& allowed,
              std::string_view description) {
    auto index = static_cast<std::size_t>(value);
    chosen(name, index, allowed, description);
    value = static_cast<Enum>(index);
  }
  template <class Fields>
  void object(std::string_view name, std::string_view description, Fields fields) {
    enter(name, description);
    fields();
    leave();
  }
  // There or not there; what is in it has its own defaults and required fields.
  template <class T, class Fields>
  void optional(std::string_view name, std::optional<T>& value, std::string_view description, Fields fields) {
    if (!enter_optional(name, value.has_value(), description)) return;
    if (!value) value.emplace();
    fields(*value);
    leave();
  }
  // `key` names the field that tells the items apart; empty: they are a sequence.
  template <class T, class Fields>
  void list(std::string_view name, std::vector<T>& values, std::size_t most, std::string_view key,
            std::string_view description, Fields fields) {
    values.resize(enter_list(name, values.size(), most, key, description));
    for (std::size_t i = 0; i < values.size(); ++i) {
      enter_item(i);
      fields(values[i]);
      leave();
    }
    leave();
  }

 protected:
  virtual void chosen(std::string_view name, std::size_t& index, std::span<const std::string_view> allowed,
                      std::string_view description) = 0;
  virtual void enter(std::string_view name, std::string_view description) = 0;
  virtual bool enter_optional(std::string_view name, bool present, std::string_view description) = 0;
  virtual std::size_t enter_list(std::string_view name, std::size_t size, std::size_t most, std::string_view key,
                                 std::string_view description) = 0;
  virtual void enter_item(std::size_t index) = 0;
  virtual void leave() = 0;
};

// The single description of the fields of both kinds: names, order, bounds, meaning.
void describe(FieldVisitor& visitor, Metadata& metadata);
void describe(FieldVisitor& visitor, Condition& condition);
void describe(FieldVisitor& visitor, ChatClusterSpec& spec);
void describe(FieldVisitor& visitor, ChatClusterStatus& status);
void describe(FieldVisitor& visitor, ChatOperationSpec& spec);
void describe(FieldVisitor& visitor, ChatOperationStatus& status);

}  // namespace chatop::api
