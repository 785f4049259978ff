// What KubernetesPlatform finds from earlier operators, and leaves to later ones: Secrets and the map.
#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/client/kinds.hpp"
#include "operator/kubernetes/platform/act_errors.hpp"
#include "operator/kubernetes/platform/kubernetes_platform.hpp"
#include "operator/kubernetes/platform/trim.hpp"
#include "operator/ports/steady.hpp"
#include "operator/settings/generated_secrets.hpp"

namespace chatop::kubernetes {

using chat::base::Json;
using chat::base::Status;
using chat::base::Task;
using ports::PlatformErrc;

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

Task<Status> KubernetesPlatform::read_secrets() {
  ObjectRef place{kinds::kSecret, name_space_, objects::secrets_name(cluster_)};
  auto values = co_await environment_.client.get(std::move(place));
  if (!values) co_return chat::base::fail(values.error());
  ObjectRef keys_place{kinds::kSecret, name_space_, objects::jwt_name(cluster_)};
  auto keys = co_await environment_.client.get(std::move(keys_place));
  if (!keys) co_return chat::base::fail(keys.error());
  Secrets secrets;
  secrets.admin_token = objects::secret_value(*values, objects::kAdminToken);
  secrets.superuser_password = objects::secret_value(*values, objects::kPostgresSuperuserPassword);
  secrets.chat_password = objects::secret_value(*values, objects::kPostgresChatPassword);
  secrets.redis_password = objects::secret_value(*values, objects::kRedisPassword);
  secrets.public_keys = objects::public_keys(*keys);
  secrets_ = std::move(secrets);
  co_return Status{};
}

Task<Status> KubernetesPlatform::open() {
  auto secrets = co_await read_secrets();
  if (!secrets && secrets.error().code != ApiErrc::not_found) co_return secrets;
  ObjectRef place{kinds::kConfigMap, name_space_, objects::map_name(cluster_)};
  auto map = co_await environment_.client.get(std::move(place));
  if (!map && map.error().code != ApiErrc::not_found) co_return chat::base::fail(map.error());
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
  body["metadata"]["annotations"][kDrains] = drains_json(memory.drains, ahead).dump();
  auto done = co_await apply(std::move(body));
  if (!done) co_return done;
  memory_ = std::move(memory);
  co_return Status{};
}

// Beside the loop and one at a time: an RSA key takes a good part of a second, and a hundred of them would keep us from
// renewing the Lease.
Task<chat::base::Result<settings::SigningKey>> KubernetesPlatform::make_key() {
  while (!closing_) {
    const auto turn = co_await environment_.keys.take(Steady::now() + std::chrono::seconds(1));
    if (!turn) continue;
    auto make = [now = environment_.clock.now_milliseconds()] { return settings::new_signing_key(now); };
    co_return co_await environment_.pool.run(std::move(make));
  }
  co_return chat::base::fail(PlatformErrc::later, "the operator ends");
}

Task<Status> KubernetesPlatform::ensure_secrets() {
  auto read = co_await read_secrets();
  if (read) co_return Status{};
  if (read.error().code != ApiErrc::not_found) co_return failed(read.error());
  ObjectRef place{kinds::kSecret, name_space_, objects::secrets_name(cluster_)};
  auto values = co_await environment_.client.get(place);
  if (!values && values.error().code != ApiErrc::not_found) co_return failed(values.error());
  if (!values && !environment_.caches.of_cluster(What::claims, name_space_, cluster_).empty())
    co_return chat::base::fail(PlatformErrc::secret_missing,
                               "the Secret " + place.name +
                                   ", which opens the volumes of the shards, is gone: put it back, or delete the "
                                   "PersistentVolumeClaims " +
                                   objects::claim_name(cluster_, 0) + " … and lose what is in them");
  auto key = co_await make_key();
  if (!key) co_return chat::base::fail(PlatformErrc::later, key.error().message);
  objects::SecretValues made{settings::random_secret(),
                             settings::random_secret(),
                             settings::random_secret(),
                             settings::random_secret(),
                             {{key->kid + ".pem", key->private_pem}, {key->kid + ".pub.pem", key->public_pem}}};
  for (auto& body : objects::secrets(inputs(), made)) {
    body["metadata"].erase("ownerReferences");  // remove() decides whether they go: whenDeleted may change
    ObjectRef its_place{kinds::kSecret, name_space_, name_of(body)};
    auto created = co_await environment_.client.create(std::move(its_place), std::move(body));
    // One that is there already stays as it is.
    if (!created && created.error().code != ApiErrc::conflict) co_return failed(created.error());
  }
  read = co_await read_secrets();
  co_return read ? Status{} : failed(read.error());
}

}  // namespace chatop::kubernetes
