#include "operator/kubernetes/crds/definitions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "operator/api/rules.hpp"
#include "operator/api/update.hpp"
#include "operator/kubernetes/crds/schema_writer.hpp"

namespace {

using chatop::api::OrderedJson;
using namespace chatop::kubernetes;

OrderedJson root_of(const OrderedJson& definition) {
  return definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
}

std::string kept(const std::string& name) {
  std::ifstream in(std::string(CHATCLUSTER_SOURCE_DIR) + "/crds/" + name);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void expect_every_field_explained(const OrderedJson& schema, const std::string& path) {
  for (const auto& [name, field] : schema["properties"].items()) {
    const std::string at = path + "." + name;
    EXPECT_GT(field.value("description", "").size(), 4u) << at << " says nothing in kubectl explain";
    if (field.contains("properties")) expect_every_field_explained(field, at);
    if (field.contains("items") && field["items"].contains("properties"))
      expect_every_field_explained(field["items"], at);
  }
}

void expect_every_field_defaulted_or_required(const OrderedJson& schema, const std::string& path) {
  const auto required = schema.value("required", OrderedJson::array());
  for (const auto& [name, field] : schema["properties"].items()) {
    const std::string at = path + "." + name;
    const bool needed = std::find(required.begin(), required.end(), name) != required.end();
    EXPECT_FALSE(needed && field.contains("default")) << at << " is required and has a default";
    if (field.contains("properties")) expect_every_field_defaulted_or_required(field, at);
  }
}

TEST(Definitions, AreThoseOfTheFiles) {
  const std::string again = " differs from what operator/api says: write it again (crds/README.md says how)";
  EXPECT_TRUE(kept("chatclusters.yaml") == definition_file(chat_cluster_definition()))
      << "crds/chatclusters.yaml" << again;
  EXPECT_TRUE(kept("chatoperations.yaml") == definition_file(chat_operation_definition()))
      << "crds/chatoperations.yaml" << again;
}

TEST(Definitions, ExplainEveryField) {
  for (const auto& definition : {chat_cluster_definition(), chat_operation_definition()}) {
    const auto root = root_of(definition);
    for (auto part : {"spec", "status"}) expect_every_field_explained(root["properties"][part], part);
  }
}

TEST(Definitions, GiveADefaultOrAskForTheField) {
  for (const auto& definition : {chat_cluster_definition(), chat_operation_definition()})
    expect_every_field_defaulted_or_required(root_of(definition)["properties"]["spec"], "spec");
}

TEST(Definitions, HoldTheDefaultsOfTheWholeSpec) {
  const auto spec = root_of(chat_cluster_definition())["properties"]["spec"];
  const auto written = to_json(chatop::api::ChatCluster{}, chatop::api::Part::SpecOnly)["spec"];
  EXPECT_EQ(spec["default"], written);
}

TEST(Definitions, CarryEveryRuleAtItsPlace) {
  auto root = root_of(chat_cluster_definition());
  for (const auto& rule : chatop::api::rules()) {
    auto* schema = find_schema(root, rule.about);
    ASSERT_NE(schema, nullptr) << rule.about;
    if (!rule.cel.empty()) {
      EXPECT_THAT((*schema)["x-kubernetes-validations"].dump(), testing::HasSubstr(OrderedJson(rule.cel).dump()));
    }
    EXPECT_NE(find_schema(root, rule.path), nullptr) << rule.path;
  }
  for (const auto& rule : chatop::api::update_rules())
    EXPECT_THAT((*find_schema(root, rule.about))["x-kubernetes-validations"].dump(),
                testing::HasSubstr(OrderedJson(rule.cel).dump()));
}

TEST(Definitions, LetOnlyWhatSteersAnOperationChange) {
  auto root = root_of(chat_operation_definition());
  for (const auto& [name, field] : root["properties"]["spec"]["properties"].items()) {
    const bool steers = name == "approved" || name == "suspend" || name == "cancel" || name == "decision";
    EXPECT_EQ(field.dump().find("self == oldSelf") == std::string::npos, steers) << name;
  }
}

}  // namespace
