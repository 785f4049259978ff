// What KubernetesPlatform finds from earlier operators, and leaves to later ones.
#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/client/kinds.hpp"
#include "operator/kubernetes/platform/act_errors.hpp"
#include "operator/kubernetes/platform/kubernetes_platform.hpp"
#include "operator/kubernetes/platform/trim.hpp"
#include "operator/ports/steady.hpp"

namespace chatop::kubernetes {

using chat::base::Json;
using chat::base::Status;
using chat::base::Task;

namespace {

constexpr const char* kDrains = "chatcluster.io/drains";
constexpr const char* kMapFile = "map.json";

// Wall time in the object, steady time in the plan: machines do not share a steady clock.
Json drains_json(const std::map<std::string, std::int64_t>& drains, std::int64_t wall_ahead_ms) {
  Json json = Json::object();
  for (const auto& [name, since] : drains) json[name] = since + wall_ahead_ms;
  return json;
}

}  // namespace

Task<Status> KubernetesPlatform::open() {
  ObjectRef place{kinds::kConfigMap, name_space_, objects::map_name(cluster_)};
  auto map = co_await environment_.client.get(std::move(place));
  if (!map && map.error().code != ApiErrc::not_found) co_return chat::base::fail(map.error());
  if (map) remembered_tls_ = internal_tls_of(*map);
  if (auto secrets = co_await read_secrets(); !secrets) co_return chat::base::fail(secrets.error());
  if (!std::exchange(reads_secrets_, true)) tasks_.spawn("secrets of " + key_, keep_reading_secrets());
  if (!map) co_return co_await open_external();
  memory_.map = text_at(*map, {"data", kMapFile});
  const auto ahead = environment_.clock.now_milliseconds() - ports::steady_milliseconds(environment_.clock);
  const auto drains = chat::base::parse_json(text_at(*map, {"metadata", "annotations", kDrains}));
  if (drains && drains->is_object())
    for (const auto& [name, since] : drains->items())
      if (since.is_number_integer()) memory_.drains[name] = since.get<std::int64_t>() - ahead;
  co_return co_await open_external();
}

Task<Status> KubernetesPlatform::remember(ports::Memory memory) {
  if (environment_.store.find(key_) == nullptr) co_return later("the ChatCluster is gone");
  auto its_inputs = inputs();
  its_inputs.map = memory.map;
  auto body = objects::map_object(its_inputs);
  body["metadata"].erase("ownerReferences");  // as those of the Secrets
  const auto ahead = environment_.clock.now_milliseconds() - ports::steady_milliseconds(environment_.clock);
  note_internal_tls(secrets_ ? secrets_->tls : remembered_tls_, body);
  body["metadata"]["annotations"][kDrains] = drains_json(memory.drains, ahead).dump();
  auto done = co_await apply(std::move(body));
  if (!done) co_return done;
  memory_ = std::move(memory);
  co_return Status{};
}

}  // namespace chatop::kubernetes
