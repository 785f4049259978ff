#include "operator/kubernetes/crds/definitions.hpp"

#include <algorithm>
#include <utility>

#include "operator/api/operation_rules.hpp"
#include "operator/api/rules.hpp"
#include "operator/api/update.hpp"
#include "operator/kubernetes/crds/schema_writer.hpp"

namespace chatop::kubernetes {
namespace {

using api::OrderedJson;

constexpr std::string_view kGroup = "chatcluster.io";
constexpr std::string_view kVersion = "v1alpha1";

constexpr std::string_view kClusterText =
    "A chat service: gateways, a REST API, a message service, workers, sharded Postgres and Redis, run by the "
    "operator. "
    "Every field has a default; a ChatCluster with nothing but a name serves. "
    "Example: {apiVersion: chatcluster.io/v1alpha1, kind: ChatCluster, metadata: {name: demo}, spec: {gateways: "
    "{replicas: {min: 2, max: 50}}}}";
constexpr std::string_view kOperationText =
    "A runbook that the operator runs on a ChatCluster, step by step: type says which, and exactly the block of that "
    "name says how. It can be suspended, cancelled, and stopped before it begins to wait for approval. "
    "Example: {apiVersion: chatcluster.io/v1alpha1, kind: ChatOperation, metadata: {name: drain-1}, spec: {cluster: "
    "demo, type: DrainGateway, drainGateway: {gateway: demo-gateway-1}}}";

struct Kind {
  std::string_view kind, plural, singular, short_name;
};

OrderedJson column(std::string_view name, std::string_view type, std::string_view path, std::string_view description,
                   bool wide = false) {
  OrderedJson result = {{"name", name}, {"type", type}, {"jsonPath", path}, {"description", description}};
  if (wide) result["priority"] = 1;
  return result;
}

template <class Fields>
OrderedJson schema_of(SchemaOf of, std::string_view description) {
  SchemaWriter writer(of, description);
  Fields value;  // the defaults
  describe(writer, value);
  return writer.take();
}

// What stands around spec and status in every resource.
OrderedJson root_schema(std::string_view description, OrderedJson spec, OrderedJson status) {
  auto root = object_schema(description);
  root["properties"]["apiVersion"] = {{"type", "string"}};
  root["properties"]["kind"] = {{"type", "string"}};
  root["properties"]["metadata"] = {{"type", "object"}};
  root["properties"]["spec"] = std::move(spec);
  root["properties"]["status"] = std::move(status);
  SchemaWriter writer(SchemaOf::Spec, "");
  api::Metadata metadata;
  describe(writer, metadata);
  const auto fields = writer.take();
  // The API server lets a definition say of metadata only what its name must be.
  for (auto rule : fields["properties"]["name"]["x-kubernetes-validations"]) {
    std::string cel = rule["rule"];
    for (std::size_t at = 0; (at = cel.find("self", at)) != std::string::npos; at += sizeof("self.metadata.name") - 1)
      cel.replace(at, 4, "self.metadata.name");
    add_condition(root, {cel, "", "metadata.name: " + rule["message"].get<std::string>(), ""});
  }
  return root;
}

OrderedJson definition(const Kind& kind, OrderedJson schema, OrderedJson subresources, OrderedJson columns) {
  const std::string name = std::string(kind.plural) + "." + std::string(kGroup);
  OrderedJson version = {{"name", kVersion},
                         {"served", true},
                         {"storage", true},
                         {"subresources", std::move(subresources)},
                         {"additionalPrinterColumns", std::move(columns)}};
  version["schema"] = {{"openAPIV3Schema", std::move(schema)}};
  OrderedJson names = {{"kind", kind.kind},
                       {"listKind", std::string(kind.kind) + "List"},
                       {"plural", kind.plural},
                       {"singular", kind.singular},
                       {"shortNames", {kind.short_name}},
                       // Not "all": `kubectl delete all --all` must not take people's messages away.
                       {"categories", {"chatcluster-io"}}};
  OrderedJson result = {{"apiVersion", "apiextensions.k8s.io/v1"}, {"kind", "CustomResourceDefinition"}};
  result["metadata"] = {{"name", name}, {"labels", {{"app.kubernetes.io/name", "chatcluster"}}}};
  result["spec"] = {{"group", kGroup}, {"scope", "Namespaced"}, {"names", std::move(names)}};
  result["spec"]["versions"] = OrderedJson::array({std::move(version)});
  return result;
}

// `path` without `about` and the dot between.
std::string below(std::string_view path, std::string_view about) {
  return path.size() > about.size() ? std::string(path.substr(about.size() + 1)) : std::string();
}

// 'is %d: raise max or lower min'.format([self.min]). Texts joined with + would cost more than the API server allows:
// it can not know how long a number is.
std::string sentence_cel(std::string_view problem, std::string_view remedy, std::string_view figures) {
  return "'" + std::string(problem) + ": " + std::string(remedy) + "'.format([" + std::string(figures) + "])";
}

void add_rules(OrderedJson& root) {
  const api::ChatClusterSpec any;
  for (const auto& rule : api::rules()) {
    if (rule.cel.empty()) continue;
    const bool figures = !rule.cel_problem.empty();
    add_condition(*find_schema(root, rule.about),
                  {std::string(rule.cel), below(rule.path, rule.about),
                   figures ? "" : rule.problem(any) + ": " + std::string(rule.remedy),
                   figures ? sentence_cel(rule.cel_problem, rule.remedy, rule.cel_figures) : ""});
  }
  for (const auto& rule : api::update_rules())
    add_condition(*find_schema(root, rule.about), {std::string(rule.cel), below(rule.path, rule.about), "",
                                                   sentence_cel(rule.cel_problem, rule.remedy, rule.cel_figures)});
}

void add_operation_rules(OrderedJson& root) {
  auto& spec = root["properties"]["spec"];
  for (std::size_t i = 0; i < api::kOperationBlockNames.size(); ++i) {
    const std::string type(api::kOperationTypeNames[i]);
    const std::string block(api::kOperationBlockNames[i]);
    add_condition(spec, {"self.type != '" + type + "' || has(self." + block + ")", block,
                         api::block_missing(i) + ": " + api::block_remedy(i), ""});
    add_condition(spec, {"self.type == '" + type + "' || !has(self." + block + ")", block, "",
                         sentence_cel(api::block_foreign("%s"), "keep only the block of the type", "self.type")});
  }
  for (const auto& rule : api::operation_rules())
    add_condition(*find_schema(root, rule.about), {std::string(rule.cel), below(rule.path, rule.about),
                                                   std::string(rule.problem) + ": " + std::string(rule.remedy), ""});
  for (auto& [name, field] : spec["properties"].items()) {
    const auto& free = api::kOperationSteering;
    if (std::find(free.begin(), free.end(), name) != free.end()) continue;
    add_condition(field,
                  {"self == oldSelf", "",
                   std::string(api::kOperationFixedProblem) + ": " + std::string(api::kOperationFixedRemedy), ""});
  }
}

}  // namespace

OrderedJson chat_cluster_definition() {
  auto spec = schema_of<api::ChatClusterSpec>(SchemaOf::Spec, "What is wanted");
  spec["default"] = defaults_of(spec);
  auto root = root_schema(kClusterText, std::move(spec),
                          schema_of<api::ChatClusterStatus>(SchemaOf::Status, "What is; written by the operator"));
  add_rules(root);
  OrderedJson subresources = {
      {"status", OrderedJson::object()},
      {"scale",
       {{"specReplicasPath", ".spec.gateways.replicas.min"}, {"statusReplicasPath", ".status.gateways.ready"}}}};
  auto columns = OrderedJson::array(
      {column("Ready", "string", ".status.conditions[?(@.type==\"Available\")].status", "Whether people can chat"),
       column("Gateways", "integer", ".status.gateways.ready", "Gateways that serve"),
       column("Connections", "integer", ".status.gateways.connections", "WebSockets of all gateways"),
       column("Shards", "integer", ".status.servingShards", "Shards that take writes"),
       column("WebSocket", "string", ".status.endpoints.websocket", "Where clients connect", true),
       column("Message", "string", ".status.conditions[?(@.type==\"Available\")].message", "Why it is so", true),
       column("Age", "date", ".metadata.creationTimestamp", "Since when it is there")});
  return definition({api::kChatClusterKind, "chatclusters", "chatcluster", "chat"}, std::move(root),
                    std::move(subresources), std::move(columns));
}

OrderedJson chat_operation_definition() {
  auto root =
      root_schema(kOperationText, schema_of<api::ChatOperationSpec>(SchemaOf::Spec, "What is to be done"),
                  schema_of<api::ChatOperationStatus>(SchemaOf::Status, "How far it is; written by the operator"));
  root["required"] = {"spec"};
  add_operation_rules(root);
  auto columns = OrderedJson::array({column("Type", "string", ".spec.type", "What is done"),
                                     column("Cluster", "string", ".spec.cluster", "The ChatCluster it works on"),
                                     column("Phase", "string", ".status.phase", "Where it is in its life"),
                                     column("Progress", "integer", ".status.progress", "Percent"),
                                     column("Message", "string", ".status.message", "What it does or waits for", true),
                                     column("Age", "date", ".metadata.creationTimestamp", "Since when it is there")});
  return definition({api::kChatOperationKind, "chatoperations", "chatoperation", "chatop"}, std::move(root),
                    {{"status", OrderedJson::object()}}, std::move(columns));
}

std::string definition_file(const OrderedJson& definition) {
  return "# Made from operator/api by `chat-operator crds`: change it there.\n" + api::to_yaml(definition);
}

}  // namespace chatop::kubernetes
