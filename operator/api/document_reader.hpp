#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "operator/api/field_visitor.hpp"
#include "operator/api/parse.hpp"
#include "operator/api/yaml_value.hpp"

namespace chatop::api {

// Strict refuses what it does not know and what breaks a rule; Lenient takes what it understands of a document that a
// newer version may have written.
enum class Reading { Strict, Lenient };

// Fills the fields it is walked over from a YAML mapping and notes everything that is wrong. Call finish() after the
// walk.
class DocumentReader final : public FieldVisitor {
 public:
  // The mapping must outlive the reader.
  DocumentReader(const YamlValue& mapping, Reading reading, std::vector<FieldError>& errors);

  void pass_over(std::string_view name);  // known, and not looked into
  void finish();

  void integer(std::string_view name, std::int64_t& value, Range range, std::string_view description) override;
  void boolean(std::string_view name, bool& value, std::string_view description) override;
  void text(std::string_view name, std::string& value, const TextRule& rule, std::string_view description) override;
  void quantity(std::string_view name, Quantity& value, Range bytes, std::string_view description) override;
  void texts(std::string_view name, std::vector<std::string>& values, const TextRule& rule, std::size_t most,
             std::string_view description) override;
  void text_map(std::string_view name, std::map<std::string, std::string>& values, const MapRule& rule,
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
  struct Frame {
    const YamlValue* value = nullptr;  // nullptr: not there, every field keeps its default
    std::string path;
    std::vector<std::string_view> known;
    int line = 0;
  };

  [[nodiscard]] std::string path_of(std::string_view name) const;
  // The value of a field of the current mapping; nullptr where it is absent or null.
  const YamlValue* take(std::string_view name);
  void wrong(const std::string& path, int line, std::string problem, std::string remedy);
  void wrong(std::string_view name, const YamlValue& value, std::string problem, std::string remedy);
  // False, with an error, where the value is no text that follows the rule.
  bool check_text(const std::string& path, const YamlValue& value, const TextRule& rule);
  void push(std::string path, const YamlValue* value, int line);
  void check_keys(const Frame& frame);

  std::vector<Frame> frames_;
  bool strict_;
  std::vector<FieldError>& errors_;
};

}  // namespace chatop::api
