#pragma once
#include <span>

namespace chatop::app {

// chat-operator crds [KIND]: what `kubectl apply -f -` takes. The exit status.
int print_definitions(std::span<char*> kinds);
// chat-operator rbac [all|namespace]: the roles that it needs, for all namespaces or for one.
int print_roles(std::span<char*> scopes);

}  // namespace chatop::app
