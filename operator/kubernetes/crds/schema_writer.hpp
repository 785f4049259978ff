#pragma once
#include <string>
#include <utility>
#include <vector>

#include "operator/api/field_visitor.hpp"
#include "operator/api/write.hpp"

namespace chatop::kubernetes {

// A spec gets its defaults, bounds and rules from the API server; a status is what the operator writes, and is only
// described.
enum class SchemaOf { Spec, Status };

// Writes the structural schema (OpenAPI v3) of the fields it is walked over, each of which holds its default. A walk
// with describe() over a default value gives the schema of the whole.
class SchemaWriter final : public api::FieldVisitor {
 public:
  SchemaWriter(SchemaOf of, std::string_view description);
  // Call once, after the walk.
  [[nodiscard]] api::OrderedJson take();

  void integer(std::string_view name, std::int64_t& value, api::Range range, std::string_view description) override;
  void boolean(std::string_view name, bool& value, std::string_view description) override;
  void text(std::string_view name, std::string& value, const api::TextRule& rule,
            std::string_view description) override;
  void quantity(std::string_view name, api::Quantity& value, api::Range bytes, std::string_view description) override;
  void texts(std::string_view name, std::vector<std::string>& values, const api::TextRule& rule, std::size_t most,
             std::string_view description) override;
  void text_map(std::string_view name, std::map<std::string, std::string>& values, const api::MapRule& rule,
                std::string_view description) override;

 protected:
  void chosen(std::string_view name, std::size_t& index, std::span<const std::string_view> allowed,
              std::string_view description) override;
  void enter(std::string_view name, std::string_view description) override;
  bool enter_optional(std::string_view name, bool present, std::string_view description) override;
  std::size_t enter_list(std::string_view name, std::size_t size, std::size_t most, std::string_view key,
                         std::string_view description) override;
  void enter_item(std::size_t index) override;
  void leave() override;

 private:
  struct Open {
    std::string name;
    api::OrderedJson schema;
  };
  [[nodiscard]] bool is_spec() const { return of_ == SchemaOf::Spec; }
  void put(std::string_view name, api::OrderedJson schema);
  void require(std::string_view name);
  [[nodiscard]] api::OrderedJson text_schema(const api::TextRule& rule, bool may_be_empty) const;

  SchemaOf of_;
  std::vector<Open> open_;
};

// {description, type: object, properties: {}}
[[nodiscard]] api::OrderedJson object_schema(std::string_view description);

// What the properties of an object's schema are where nothing is said.
[[nodiscard]] api::OrderedJson defaults_of(const api::OrderedJson& schema);

// The schema at `path` below `root`, spec.gateways.replicas; nullptr where there is none.
[[nodiscard]] api::OrderedJson* find_schema(api::OrderedJson& root, std::string_view path);

// Adds a condition in CEL on the value of `schema`. `field`: what is to be mended, relative to it (replicas.min);
// empty: the value itself. Either `message` is the sentence, or `message_cel` makes it.
struct Condition {
  std::string cel;
  std::string field;
  std::string message;
  std::string message_cel;
};
void add_condition(api::OrderedJson& schema, const Condition& condition);

}  // namespace chatop::kubernetes
