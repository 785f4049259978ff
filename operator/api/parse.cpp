#include "operator/api/parse.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "dataplane/base/text.hpp"
#include "operator/api/document_reader.hpp"
#include "operator/api/operation_reader.hpp"
#include "operator/api/rules.hpp"
#include "operator/api/yaml_value.hpp"

namespace chatop::api {
namespace {

using Errors = std::vector<FieldError>;
constexpr std::size_t kMostDocuments = 100;
constexpr std::array<std::string_view, 2> kKinds{kChatClusterKind, kChatOperationKind};

// The text of a top-level field, or an error.
std::string header(const YamlValue& root, std::string_view name, std::string_view expected, Errors& errors) {
  const auto* found = root.find(name);
  if (!found || found->kind == YamlValue::Kind::Null) {
    errors.push_back(
        {std::string(name), root.line, "is missing", "write " + std::string(name) + ": " + std::string(expected)});
    return "";
  }
  return found->kind == YamlValue::Kind::Scalar ? found->text : shown(*found);
}

void check_api_version(const YamlValue& root, Errors& errors) {
  const std::string version = header(root, "apiVersion", kApiVersion, errors);
  if (!version.empty() && version != kApiVersion)
    errors.push_back({"apiVersion", line_of(root, "apiVersion"), "is \"" + version.substr(0, 64) + "\"",
                      "write " + std::string(kApiVersion)});
}

void read_common(DocumentReader& reader, Metadata& metadata) {
  reader.pass_over("apiVersion");
  reader.pass_over("kind");
  reader.object("metadata", "", [&] {
    describe(reader, metadata);
    for (auto given : {"resourceVersion", "managedFields", "finalizers", "ownerReferences", "selfLink",
                       "deletionTimestamp", "deletionGracePeriodSeconds"})
      reader.pass_over(given);
  });
  reader.pass_over("status");
}

// Several errors about one document must not hide that it has no name at all.
void require_metadata(const YamlValue& root, Errors& errors) {
  const auto* metadata = root.find("metadata");
  if (!metadata || metadata->kind == YamlValue::Kind::Null)
    errors.push_back({"metadata.name", root.line, "is missing", "write metadata: {name: demo}"});
}

void check_rules(const ChatClusterSpec& spec, const YamlValue& root, Errors& errors) {
  const Errors before = errors;
  for (const auto& rule : rules()) {
    bool unsure = std::any_of(before.begin(), before.end(),
                              [&rule](const FieldError& error) { return error.path.starts_with(rule.about); });
    if (unsure || rule.holds(spec)) continue;
    errors.push_back({std::string(rule.path), line_of(root, rule.path), rule.problem(spec), std::string(rule.remedy)});
  }
}

ChatCluster read_chat_cluster(const YamlValue& root, Errors& all) {
  Errors errors;
  ChatCluster cluster;
  DocumentReader reader(root, Reading::Strict, errors);
  read_common(reader, cluster.metadata);
  reader.object("spec", "", [&] { describe(reader, cluster.spec); });
  reader.finish();
  require_metadata(root, errors);
  check_rules(cluster.spec, root, errors);
  all.insert(all.end(), errors.begin(), errors.end());
  return cluster;
}

ChatOperation read_chat_operation(const YamlValue& root, Errors& errors) {
  ChatOperation operation;
  DocumentReader reader(root, Reading::Strict, errors);
  read_common(reader, operation.metadata);
  reader.object("spec", "", [&] { describe(reader, operation.spec); });
  reader.finish();
  require_metadata(root, errors);
  check_operation(root, operation.spec, errors);
  return operation;
}

// The kind decides what the fields are: without a known one nothing else can be said.
void read_document(const YamlValue& root, std::vector<Document>& documents, Errors& errors) {
  if (root.kind != YamlValue::Kind::Map) {
    errors.push_back(
        {"", root.line, "is " + shown(root) + ", not a mapping", "begin with apiVersion: " + std::string(kApiVersion)});
    return;
  }
  check_api_version(root, errors);
  const std::string kind = header(root, "kind", kChatClusterKind, errors);
  if (kind == kChatClusterKind) {
    documents.emplace_back(read_chat_cluster(root, errors));
  } else if (kind == kChatOperationKind) {
    documents.emplace_back(read_chat_operation(root, errors));
  } else if (!kind.empty()) {
    auto near = chat::base::nearest(std::string_view(kind).substr(0, 64), kKinds);
    errors.push_back({"kind", line_of(root, "kind"),
                      "is \"" + kind.substr(0, 64) + "\", which is not a kind of this API",
                      near ? "did you mean " + std::string(*near) + "?" : "write ChatCluster or ChatOperation"});
  }
}

void check_distinct(const std::vector<Document>& documents, Errors& errors) {
  std::vector<std::string_view> names;
  for (const auto& document : documents) {
    const auto* cluster = std::get_if<ChatCluster>(&document);
    if (!cluster) continue;
    std::string_view name = cluster->metadata.name;
    if (std::find(names.begin(), names.end(), name) != names.end())
      errors.push_back(
          {"metadata.name", 0, "\"" + std::string(name) + "\" is the name of two documents", "keep one of them"});
    names.push_back(name);
  }
}

}  // namespace

std::string text(const FieldError& error) {
  return (error.path.empty() ? "the document" : error.path) + " " + error.problem + ": " + error.remedy;
}

Parsed<std::vector<Document>> parse_documents(std::string_view yaml) {
  auto roots = load_yaml(yaml);
  if (!roots) return tl::unexpected<Errors>(Errors{roots.error()});
  Errors errors;
  if (roots->empty()) errors.push_back({"", 0, "is empty", "begin with apiVersion: " + std::string(kApiVersion)});
  if (roots->size() > kMostDocuments)
    errors.push_back({"", 0, "is more than " + std::to_string(kMostDocuments) + " documents", "use several files"});
  std::vector<Document> documents;
  if (errors.empty())
    for (const auto& root : *roots) read_document(root, documents, errors);
  if (errors.empty()) check_distinct(documents, errors);
  if (!errors.empty()) return tl::unexpected<Errors>(std::move(errors));
  return documents;
}

Parsed<ChatCluster> parse_chat_cluster(std::string_view yaml) {
  auto documents = parse_documents(yaml);
  if (!documents) return tl::unexpected<Errors>(std::move(documents).error());
  if (documents->size() != 1)
    return tl::unexpected<Errors>(
        Errors{{"", 0, "is " + std::to_string(documents->size()) + " documents", "one ChatCluster is wanted here"}});
  if (auto* cluster = std::get_if<ChatCluster>(&documents->front())) return std::move(*cluster);
  return tl::unexpected<Errors>(Errors{{"kind", 0, "is ChatOperation", "a ChatCluster is wanted here"}});
}

Parsed<ChatClusterStatus> parse_status(std::string_view json) {
  auto roots = load_yaml(json);
  if (!roots) return tl::unexpected<Errors>(Errors{roots.error()});
  if (roots->size() != 1 || roots->front().kind != YamlValue::Kind::Map)
    return tl::unexpected<Errors>(Errors{{"", 0, "is not one JSON object", "remove the file: it is written anew"}});
  Errors errors;
  ChatClusterStatus status;
  DocumentReader reader(roots->front(), Reading::Lenient, errors);
  describe(reader, status);
  reader.finish();
  if (!errors.empty()) return tl::unexpected<Errors>(std::move(errors));
  return status;
}

}  // namespace chatop::api
