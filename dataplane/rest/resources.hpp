#pragma once
#include <functional>
#include <string>

#include "dataplane/base/clock.hpp"
#include "dataplane/ports/gateways.hpp"
#include "dataplane/ports/message_path.hpp"
#include "dataplane/ports/store.hpp"
#include "dataplane/rest/router.hpp"
#include "dataplane/services/accounts.hpp"
#include "dataplane/services/conversations.hpp"
#include "dataplane/services/sign_in.hpp"

namespace chat::rest {

// What the calls of the API work with. Outlives the routes.
struct Resources {
  services::Accounts& accounts;
  services::SignIn& sign_in;
  services::Conversations& conversations;
  ports::Store& store;
  ports::MessagePath& messages;
  ports::Gateways& gateways;
  const ports::TokenSigner& signer;
  const base::Clock& clock;
  bool secure_cookies = false;             // where the public address is https
  std::function<std::string()> not_ready;  // empty: ready
};

// One file a resource: each adds its calls to the table.
void add_auth(Routes& routes, Resources& resources);
void add_users(Routes& routes, Resources& resources);
void add_conversations(Routes& routes, Resources& resources);
void add_members(Routes& routes, Resources& resources);
void add_messages(Routes& routes, Resources& resources);
void add_connect(Routes& routes, Resources& resources);
void add_health(Routes& routes, Resources& resources);

}  // namespace chat::rest
