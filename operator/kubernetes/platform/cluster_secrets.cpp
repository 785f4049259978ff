#include "operator/kubernetes/platform/cluster_secrets.hpp"

#include <algorithm>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/digest.hpp"
#include "dataplane/base/rfc3339.hpp"
#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/objects/configurations.hpp"
#include "operator/kubernetes/objects/objects.hpp"
#include "operator/settings/certificates.hpp"
#include "operator/settings/generated_secrets.hpp"

namespace chatop::kubernetes {

using ports::Finding;

namespace {

struct Value {
  const char* key;
  std::string ClusterSecrets::*value;
  std::string ClusterSecrets::*earlier;  // nullptr: nobody asks for it
};
constexpr Value kValues[] = {
    {objects::kAdminToken, &ClusterSecrets::admin_token, &ClusterSecrets::earlier_admin_token},
    {objects::kPostgresSuperuserPassword, &ClusterSecrets::superuser_password,
     &ClusterSecrets::earlier_superuser_password},
    {objects::kPostgresChatPassword, &ClusterSecrets::chat_password, nullptr},
    {objects::kRedisPassword, &ClusterSecrets::redis_password, &ClusterSecrets::earlier_redis_password}};

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string earlier_key(const std::string& key) { return "earlier_" + key; }

// Takes what stands there; returns what does not.
std::vector<std::string> take_values(const chat::base::Json& secret, ClusterSecrets& into) {
  std::vector<std::string> missing;
  for (const auto& [key, value, earlier] : kValues) {
    auto now = objects::secret_value(secret, key);
    if (now.empty()) {
      missing.emplace_back(key);
      continue;
    }
    if (earlier != nullptr && now != into.*value)
      into.*earlier = (into.*value).empty() ? objects::secret_value(secret, earlier_key(key)) : into.*value;
    into.*value = std::move(now);
  }
  return missing;
}

// False: it is not known yet whom to trust. Lost ones of ours are made again.
bool take_tls(const std::string& cluster, const TlsSecrets& read, ClusterSecrets& secrets,
              std::vector<Finding>& findings) {
  if (secrets.tls == InternalTls::off) return true;
  const auto state = state_of(read);
  const auto facts = settings::facts_of(state.certificate);
  if (facts && settings::facts_of(state.trusted)) {
    secrets.trusted = state.trusted;
    secrets.certificate_since = facts->not_before;
  } else if (secrets.tls == InternalTls::provided) {
    findings.push_back({read.shown ? kSecretIncomplete : kSecretMissing,
                        "the Secret " + objects::tls_name(cluster) +
                            ", with which the cluster's parts talk to each other, must hold tls.crt, tls.key and "
                            "ca.crt: put it back, or see why cert-manager does not"});
  }
  return !secrets.trusted.empty();
}

}  // namespace

void note_internal_tls(InternalTls tls, chat::base::Json& object) {
  if (tls == InternalTls::off) return;
  object["metadata"]["annotations"][kInternalTlsAnnotation] = tls == InternalTls::generated ? "generated" : "provided";
}

InternalTls internal_tls_of(const chat::base::Json& object) {
  const auto said = text_at(object, {"metadata", "annotations", kInternalTlsAnnotation});
  if (said == "generated") return InternalTls::generated;
  return said == "provided" ? InternalTls::provided : InternalTls::off;
}

KnownSecrets after_reading(const std::string& cluster, const std::optional<ClusterSecrets>& before,
                           const ReadSecrets& read) {
  KnownSecrets known;
  auto secrets = before.value_or(ClusterSecrets());
  const auto name = objects::secrets_name(cluster);
  const std::string meanwhile = before ? "; until then what stood there goes on" : "";
  bool whole = before.has_value();
  if (!read.values) {
    known.findings.push_back(
        {kSecretMissing, "the Secret " + name + ", which opens the volumes of the shards, is gone: put it back" +
                             (before ? ", before the operator or a Pod is started again" : "") + meanwhile});
  } else if (auto missing = take_values(*read.values, secrets); !missing.empty()) {
    known.findings.push_back({kSecretIncomplete, "the Secret " + name + " has no " + listed(missing) +
                                                     ": put back what stood there" + meanwhile});
  } else {
    whole = true;
    if (!before) secrets.tls = read.internal_tls;
  }
  auto keys = read.keys ? objects::public_keys(*read.keys) : std::map<std::string, std::string>();
  if (!read.keys) {
    known.findings.push_back({kSecretMissing, "the Secret " + objects::jwt_name(cluster) +
                                                  ", which holds the keys that sign access tokens, is gone: put it "
                                                  "back, or begin the operator again: it makes new keys, and people "
                                                  "sign in again" +
                                                  meanwhile});
  } else if (keys.empty()) {
    known.findings.push_back({kSecretIncomplete, "the Secret " + objects::jwt_name(cluster) +
                                                     " holds no <kid>.pub.pem: put back what stood there, or delete "
                                                     "it and begin the operator again" +
                                                     meanwhile});
  } else {
    secrets.public_keys = std::move(keys);
  }
  whole = take_tls(cluster, read.tls, secrets, known.findings) && whole;
  if (whole && !secrets.public_keys.empty()) known.secrets = std::move(secrets);
  return known;
}

bool wants_new_values(const chat::base::Json& values, std::int64_t now) {
  if (!value_at(values, {"metadata", "annotations", kRotateAnnotation}).is_null()) return true;
  auto since = text_at(values, {"metadata", "annotations", kValuesSinceAnnotation});
  if (since.empty()) since = text_at(values, {"metadata", "creationTimestamp"});
  const auto began = chat::base::parse_rfc3339(since);
  if (!began || now - *began < settings::kSecretLifeMs) return false;
  return std::all_of(std::begin(kValues), std::end(kValues), [&](const Value& each) {
    return settings::is_random_secret(objects::secret_value(values, each.key));
  });
}

chat::base::Json new_values(const chat::base::Json& values, const std::function<std::string()>& make_one,
                            std::int64_t now) {
  chat::base::Json patch;
  patch["metadata"]["annotations"] = {{kRotateAnnotation, nullptr}, {kValuesSinceAnnotation, chat::base::rfc3339(now)}};
  for (const char* key : {"uid", "resourceVersion"}) patch["metadata"][key] = value_at(values, {"metadata", key});
  for (const auto& [key, value, earlier] : kValues) {
    auto fresh = make_one();
    if (key == std::string_view(objects::kRedisPassword))
      patch["data"][objects::kRedisAuthFile] = chat::base::base64(objects::redis_auth_text(fresh));
    patch["data"][key] = chat::base::base64(fresh);
    patch["data"][earlier_key(key)] = value_at(values, {"data", key});
  }
  return patch;
}

std::vector<NamedSecret> named_secrets(const api::ChatClusterSpec& spec) {
  std::vector<NamedSecret> all;
  if (const auto& name = spec.tls.secret_name; !name.empty())
    all.push_back({"spec.tls.secretName",
                   name,
                   {"tls.crt", "tls.key"},
                   "kubectl create secret tls " + name + " --cert=… --key=…, or let cert-manager make it"});
  return all;
}

std::optional<Finding> wrong_with(const NamedSecret& named, const std::optional<chat::base::Json>& read) {
  if (!read)
    return Finding{kSecretMissing, "the Secret " + named.name + ", which " + named.field +
                                       " names, is not there: make it (" + named.command + ")"};
  std::vector<std::string> missing;
  for (const auto& key : named.keys)
    if (objects::secret_value(*read, key).empty()) missing.push_back(key);
  if (missing.empty()) return std::nullopt;
  return Finding{kSecretIncomplete, "the Secret " + named.name + ", which " + named.field + " names, has no " +
                                        listed(missing) + ": put it there (" + named.command + ")"};
}

}  // namespace chatop::kubernetes
