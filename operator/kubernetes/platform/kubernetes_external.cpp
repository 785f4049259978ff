// PostgreSQL and Redis that somebody else runs: no Pods, and where they are their Secrets say.
#include "dataplane/base/json.hpp"
#include "operator/kubernetes/platform/kubernetes_platform.hpp"

namespace chatop::kubernetes {

using ports::ProcessView;
using ports::Role;

bool KubernetesPlatform::is_external(Role role) const {
  const auto* document = environment_.store.find(key_);
  if (document == nullptr) return false;
  const auto& spec = document->cluster.spec;
  return role == Role::shard ? !spec.shards.external.empty() : role == Role::redis && spec.redis.external.has_value();
}

const ExternalServers* KubernetesPlatform::external() const {
  const auto* document = environment_.store.find(key_);
  return document == nullptr ? nullptr : external_.servers(document->cluster.spec);
}

bool KubernetesPlatform::wants_external() const {
  const auto* document = environment_.store.find(key_);
  return document != nullptr && !document->deleting && has_external(document->cluster.spec);
}

bool KubernetesPlatform::external_is_known() const { return !wants_external() || external() != nullptr; }

std::optional<ExternalReader::Wanted> KubernetesPlatform::wanted_external() const {
  if (!wants_external()) return std::nullopt;
  ExternalReader::Wanted wanted{environment_.store.find(key_)->cluster.spec, 0};
  const auto map = chat::base::parse_json(memory_.map);
  if (map && map->is_object() && map->contains("shards")) wanted.shards = (*map)["shards"].size();
  return wanted;
}

// Before the first decision, so that what serves is not called away. What is wrong with a Secret is for
// prepare_cluster().
chat::base::Task<chat::base::Status> KubernetesPlatform::open_external() {
  auto read = co_await external_.read();
  if (!read && read.error().code == ports::PlatformErrc::later) co_return read;
  co_return chat::base::Status{};
}

ProcessView KubernetesPlatform::external_view(ProcessView view) const {
  view.external = true;
  view.in_hand = true;  // nothing of it is for us to start
  view.prepared = false;
  const auto* servers = external();
  if (servers == nullptr) return view;
  if (view.role == Role::redis && servers->redis) view.address = servers->redis->address;
  if (view.role == Role::shard && view.ordinal < static_cast<int>(servers->shards.size()))
    view.address = servers->shards[static_cast<std::size_t>(view.ordinal)].address;
  view.prepared = view.running = view.address.port != 0;
  view.pid = life_of(view.address.host + ":" + std::to_string(view.address.port));  // another server, another life
  return view;
}

chat::base::Result<ports::ShardAccess> KubernetesPlatform::external_access(const std::string& shard) const {
  const auto* servers = external();
  const auto parsed = ports::parse_process_name(shard);
  if (!secrets_ || servers == nullptr || !parsed || parsed->ordinal >= static_cast<int>(servers->shards.size()))
    return chat::base::fail(ports::PlatformErrc::later, "the Secret of " + shard + " was not read yet");
  const auto& server = servers->shards[static_cast<std::size_t>(parsed->ordinal)];
  ports::ShardAccess access{server.address, server.user, server.password, secrets_->chat_password, true};
  access.trust.ca = server.ca;
  if (!server.sslmode.empty()) access.sslmode = server.sslmode;
  return access;
}

}  // namespace chatop::kubernetes
