#include "dataplane/base/digest.hpp"
#include "operator/kubernetes/objects/configurations.hpp"
#include "operator/kubernetes/objects/objects.hpp"
#include "operator/kubernetes/objects/pod_parts.hpp"

namespace chatop::kubernetes::objects {
namespace {

// As long as the volumes are kept, so is what opens them.
Json secret(const Inputs& inputs, const std::string& name, const std::map<std::string, std::string>& values) {
  const bool lasts = inputs.spec.shards.storage.when_deleted == api::WhenDeleted::Retain;
  auto object = (lasts ? lasting_object_of : object_of)(inputs, "v1", "Secret", name, labels(inputs.cluster));
  object["type"] = "Opaque";
  object["data"] = Json::object();
  for (const auto& [key, value] : values) object["data"][key] = chat::base::base64(value);
  return object;
}

}  // namespace

std::vector<Json> secrets(const Inputs& inputs, const SecretValues& values) {
  return {secret(inputs, secrets_name(inputs.cluster),
                 {{kAdminToken, values.admin_token},
                  {kPostgresSuperuserPassword, values.postgres_superuser_password},
                  {kPostgresChatPassword, values.postgres_chat_password},
                  {kRedisPassword, values.redis_password},
                  {kRedisAuthFile, redis_auth_text(values.redis_password)}}),
          secret(inputs, jwt_name(inputs.cluster), values.jwt_keys)};
}

Json tls_secret(const Inputs& inputs, const TlsValues& values) {
  auto object = object_of(inputs, "v1", "Secret", tls_name(inputs.cluster), labels(inputs.cluster));
  object["type"] = "kubernetes.io/tls";
  object["data"] = {{"tls.crt", chat::base::base64(values.certificate)},
                    {"tls.key", chat::base::base64(values.key)},
                    {"ca.crt", chat::base::base64(values.ca)}};
  return object;
}

std::string secret_value(const Json& secret, const std::string& key) {
  const auto data = secret.find("data");
  if (data == secret.end() || !data->is_object()) return {};
  const auto value = data->find(key);
  if (value == data->end() || !value->is_string()) return {};
  return chat::base::parse_base64(value->get_ref<const std::string&>()).value_or(std::string());
}

std::map<std::string, std::string> public_keys(const Json& jwt_secret) {
  std::map<std::string, std::string> keys;
  const auto data = jwt_secret.find("data");
  if (data == jwt_secret.end() || !data->is_object()) return keys;
  for (const auto& [name, value] : data->items()) {
    if (name.ends_with(".pub.pem")) keys[name] = secret_value(jwt_secret, name);
  }
  return keys;
}

}  // namespace chatop::kubernetes::objects
