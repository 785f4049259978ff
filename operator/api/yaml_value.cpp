#include "operator/api/yaml_value.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include "dataplane/base/text.hpp"

namespace chatop::api {
namespace {

constexpr std::size_t kMostBytes = 1024 * 1024;
constexpr std::size_t kMostDepth = 32;
constexpr std::size_t kMostValues = 100'000;
constexpr std::size_t kShownBytes = 60;

// Leaves the parser's callbacks; caught in load_yaml().
struct Refused {
  FieldError error;
};

int line_at(const YAML::Mark& mark) { return mark.line + 1; }

std::size_t count_values(const YamlValue& value) {
  std::size_t count = 1;
  for (const auto& entry : value.entries) count += count_values(entry.value);
  for (const auto& item : value.items) count += count_values(item);
  return count;
}

// Builds the values of one document from the parser's events.
class Builder final : public YAML::EventHandler {
 public:
  [[nodiscard]] YamlValue take() { return std::move(root_); }
  [[nodiscard]] const YAML::Mark& start() const { return start_; }

  void OnDocumentStart(const YAML::Mark& mark) override { start_ = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlValue value;
    value.line = line_at(mark);
    add(std::move(value), anchor, mark);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto found = anchors_.find(anchor);
    if (found == anchors_.end()) refuse(mark, "refers to itself with an alias (*)", "write the value out");
    values_ += count_values(found->second);
    YamlValue copy = found->second;
    add(std::move(copy), YAML::NullAnchor, mark);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    YamlValue value;
    value.kind = YamlValue::Kind::Scalar;
    value.text = text;
    value.quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
    value.line = line_at(mark);
    add(std::move(value), anchor, mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(YamlValue::Kind::List, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(YamlValue::Kind::Map, mark, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YamlValue value;
    YAML::anchor_t anchor = YAML::NullAnchor;
    YAML::Mark mark;
    std::optional<std::pair<std::string, int>> key;  // of the entry whose value comes next, and its line
  };

  [[noreturn]] static void refuse(const YAML::Mark& mark, std::string problem, std::string remedy) {
    throw Refused{FieldError{"", line_at(mark), std::move(problem), std::move(remedy)}};
  }
  void open(YamlValue::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (open_.size() >= kMostDepth)
      refuse(mark, "is nested deeper than " + std::to_string(kMostDepth) + " levels", "no resource needs that");
    Open next;
    next.value.kind = kind;
    next.value.line = line_at(mark);
    next.anchor = anchor;
    next.mark = mark;
    open_.push_back(std::move(next));
  }
  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.value), done.anchor, done.mark);
  }
  void add(YamlValue value, YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (++values_ > kMostValues)
      refuse(mark, "holds more than " + std::to_string(kMostValues) + " values", "no resource needs that");
    if (anchor != YAML::NullAnchor) anchors_[anchor] = value;
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Open& parent = open_.back();
    if (parent.value.kind == YamlValue::Kind::List) {
      parent.value.items.push_back(std::move(value));
    } else if (parent.key) {
      parent.value.entries.push_back({std::move(parent.key->first), parent.key->second, std::move(value)});
      parent.key.reset();
    } else if (value.kind == YamlValue::Kind::Scalar) {
      parent.key.emplace(std::move(value.text), line_at(mark));
    } else {
      refuse(mark, "has " + shown(value) + " for a key", "every key is a plain word");
    }
  }

  YamlValue root_;
  YAML::Mark start_ = YAML::Mark::null_mark();
  std::vector<Open> open_;
  std::map<YAML::anchor_t, YamlValue> anchors_;
  std::size_t values_ = 0;
};

tl::unexpected<FieldError> refused(std::string problem, std::string remedy, int line = 0) {
  return tl::unexpected<FieldError>(FieldError{"", line, std::move(problem), std::move(remedy)});
}

}  // namespace

const YamlValue* YamlValue::find(std::string_view key) const {
  auto found = std::find_if(entries.begin(), entries.end(), [key](const Entry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &found->value;
}

std::string shown(const YamlValue& value) {
  switch (value.kind) {
    case YamlValue::Kind::Null:
      return "nothing";
    case YamlValue::Kind::Map:
      return "a mapping";
    case YamlValue::Kind::List:
      return "a list";
    case YamlValue::Kind::Scalar:
      break;
  }
  std::string text = value.text.substr(0, kShownBytes);
  while (!chat::base::code_points(text)) text.pop_back();  // not a half character
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return "\"" + text + (text.size() < value.text.size() ? "…\"" : "\"");
}

int line_of(const YamlValue& root, std::string_view path) {
  const YamlValue* at = &root;
  int line = root.line;
  while (!path.empty()) {
    auto end = std::min(path.find_first_of(".["), path.size());
    auto name = path.substr(0, end);
    if (name.ends_with(']')) {
      std::size_t index = 0;
      std::from_chars(name.data(), name.data() + name.size(), index);
      if (index >= at->items.size()) break;
      at = &at->items[index];
    } else {
      auto entry =
          std::find_if(at->entries.begin(), at->entries.end(), [name](const auto& e) { return e.key == name; });
      if (entry == at->entries.end()) break;
      at = &entry->value;
      line = entry->line;
    }
    if (at->kind != YamlValue::Kind::Null && at->line > 0 && name.ends_with(']')) line = at->line;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return line;
}

tl::expected<std::vector<YamlValue>, FieldError> load_yaml(std::string_view text) {
  if (text.size() > kMostBytes) return refused("is larger than 1 MiB", "no resource needs that");
  if (!chat::base::code_points(text) || chat::base::has_nul(text))
    return refused("is not text in UTF-8", "save it as UTF-8");
  std::vector<YamlValue> documents;
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    YAML::Mark last = YAML::Mark::null_mark();
    while (true) {
      Builder builder;
      if (!parser.HandleNextDocument(builder)) break;
      // yaml-cpp 0.7 finds an empty document there, and again at the same place, for ever: "{a: b}," does it.
      if (!last.is_null() && builder.start().pos == last.pos)
        return refused("has something behind its end", "remove it, or begin another document with ---", line_at(last));
      last = builder.start();
      if (auto document = builder.take(); document.kind != YamlValue::Kind::Null)
        documents.push_back(std::move(document));
    }
  } catch (const YAML::Exception& exception) {
    return refused("is not valid YAML (" + exception.msg + ")", "look at the indentation and quotes there",
                   exception.mark.is_null() ? 0 : line_at(exception.mark));
  } catch (const Refused& refusal) {
    return tl::unexpected<FieldError>(refusal.error);
  }
  return documents;
}

}  // namespace chatop::api
