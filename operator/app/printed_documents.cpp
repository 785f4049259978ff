#include "operator/app/printed_documents.hpp"

#include <cstdio>
#include <string>
#include <string_view>

#include "operator/kubernetes/crds/definitions.hpp"
#include "operator/kubernetes/platform/rbac.hpp"

namespace chatop::app {
namespace {

int print(const std::string& text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace

int print_definitions(std::span<char*> kinds) {
  const std::string_view only = kinds.empty() ? "" : kinds.front();
  const auto cluster = kubernetes::chat_cluster_definition();
  const auto operation = kubernetes::chat_operation_definition();
  const bool known = only.empty() || only == api::kChatClusterKind || only == api::kChatOperationKind;
  if (!known || kinds.size() > 1) {
    std::fprintf(stderr, "chat-operator: write crds, crds ChatCluster or crds ChatOperation\n");
    return 2;
  }
  std::string text;
  if (only != api::kChatOperationKind) text += kubernetes::definition_file(cluster);
  if (only.empty()) text += "---\n";
  if (only != api::kChatClusterKind) text += kubernetes::definition_file(operation);
  return print(text);
}

int print_roles(std::span<char*> scopes) {
  const std::string_view scope = scopes.empty() ? "all" : scopes.front();
  if ((scope != "all" && scope != "namespace") || scopes.size() > 1) {
    std::fprintf(stderr, "chat-operator: write rbac, rbac all or rbac namespace\n");
    return 2;
  }
  std::string text;
  for (const auto& role :
       kubernetes::roles(scope == "all" ? kubernetes::Scope::all_namespaces : kubernetes::Scope::one_namespace))
    text += (text.empty() ? "" : "---\n") + api::to_yaml(role);
  return print(text);
}

}  // namespace chatop::app
