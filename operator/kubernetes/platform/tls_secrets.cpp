#include "operator/kubernetes/platform/tls_secrets.hpp"

#include "dataplane/base/digest.hpp"
#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/objects/objects.hpp"

namespace chatop::kubernetes {

using chat::base::Json;
using settings::Certified;
using settings::TlsState;
using settings::TlsStep;
using What = TlsStep::What;

namespace {

constexpr const char* kCertificate = "tls.crt";
constexpr const char* kKey = "tls.key";
constexpr const char* kTrusted = "ca.crt";
// Of demo-tls-ca.
constexpr const char* kAuthority = "ca.crt";
constexpr const char* kAuthorityKey = "ca.key";
constexpr const char* kNext = "next.crt";
constexpr const char* kNextKey = "next.key";
constexpr const char* kOld = "old.crt";
constexpr const char* kNextSince = "chatcluster.io/next-trusted-since";
constexpr const char* kOldSince = "chatcluster.io/old-since";

std::string value(const std::optional<Json>& secret, const char* key) {
  return secret ? objects::secret_value(*secret, key) : std::string();
}

std::optional<Certified> pair(const std::optional<Json>& secret, const char* certificate, const char* key) {
  Certified both{value(secret, certificate), value(secret, key)};
  return both.certificate.empty() || both.key.empty() ? std::nullopt : std::optional(std::move(both));
}

std::optional<std::int64_t> seconds(const std::optional<Json>& secret, const char* annotation) {
  const auto text = secret ? text_at(*secret, {"metadata", "annotations", annotation}) : std::string();
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos || text.size() > 15)
    return std::nullopt;
  return std::stoll(text);
}

Json encoded(const std::string& text) { return text.empty() ? Json() : Json(chat::base::base64(text)); }

// What changes in demo-tls-ca; null takes a key away.
struct Change {
  Json data = Json::object();
  Json annotations = Json::object();
};

Change change_of(const TlsState& state, const TlsStep& step, const std::optional<Certified>& fresh, std::int64_t now) {
  Change change;
  const auto noted = std::to_string(now);
  switch (step.what) {
    case What::make_authority:
      change.data = {{kAuthority, encoded(fresh->certificate)}, {kAuthorityKey, encoded(fresh->key)}};
      break;
    case What::make_next:
      change.data = {{kNext, encoded(fresh->certificate)}, {kNextKey, encoded(fresh->key)}};
      change.annotations[kNextSince] = nullptr;
      if (!state.authority) change.data[kOld] = encoded(state.trusted);
      break;
    case What::note:
      change.annotations[state.next ? kNextSince : kOldSince] = noted;
      break;
    case What::swap:
      change.data = {{kAuthority, encoded(state.next->certificate)},
                     {kAuthorityKey, encoded(state.next->key)},
                     {kNext, nullptr},
                     {kNextKey, nullptr}};
      if (state.authority) change.data[kOld] = encoded(state.authority->certificate);
      change.annotations = {{kNextSince, nullptr}, {kOldSince, noted}};
      break;
    case What::drop_old:
      change.data[kOld] = nullptr;
      change.annotations[kOldSince] = nullptr;
      break;
    case What::write:
    case What::nothing:
      break;
  }
  return change;
}

Json patch(const Json& secret, Json data, Json annotations) {
  Json metadata = {{"annotations", std::move(annotations)}};
  for (const char* key : {"uid", "resourceVersion"}) metadata[key] = secret.at("metadata").at(key);
  return {{"metadata", std::move(metadata)}, {"data", std::move(data)}};
}

void drop_nulls(Json& object) {
  for (auto it = object.begin(); it != object.end();) it = it->is_null() ? object.erase(it) : std::next(it);
}

}  // namespace

std::string authority_name(const std::string& cluster) { return objects::tls_name(cluster) + "-ca"; }

TlsState state_of(const TlsSecrets& secrets) {
  TlsState state;
  state.authority = pair(secrets.authority, kAuthority, kAuthorityKey);
  state.next = pair(secrets.authority, kNext, kNextKey);
  state.old = value(secrets.authority, kOld);
  state.next_trusted_at = seconds(secrets.authority, kNextSince);
  state.old_since = seconds(secrets.authority, kOldSince);
  state.certificate = value(secrets.shown, kCertificate);
  state.trusted = value(secrets.shown, kTrusted);
  return state;
}

TlsWrite write_of(const objects::Inputs& inputs, const TlsSecrets& secrets, const TlsStep& step,
                  const std::optional<Certified>& fresh, std::int64_t now_seconds) {
  const auto state = state_of(secrets);
  if (step.what == What::write) {
    const auto name = objects::tls_name(inputs.cluster);
    const auto certificate = step.issue ? fresh->certificate : state.certificate;
    const auto key = step.issue ? fresh->key : value(secrets.shown, kKey);
    auto whole = objects::tls_secret(inputs, {certificate, key, step.trusted});
    if (!secrets.shown) return {name, true, std::move(whole)};
    return {name, false, patch(*secrets.shown, std::move(whole["data"]), Json::object())};
  }
  auto change = change_of(state, step, fresh, now_seconds);
  const auto name = authority_name(inputs.cluster);
  if (secrets.authority)
    return {name, false, patch(*secrets.authority, std::move(change.data), std::move(change.annotations))};
  auto whole = objects::tls_secret(inputs, {});
  whole["type"] = "Opaque";
  whole["metadata"]["name"] = name;
  drop_nulls(change.data);
  drop_nulls(change.annotations);
  whole["data"] = std::move(change.data);
  if (!change.annotations.empty()) whole["metadata"]["annotations"] = std::move(change.annotations);
  return {name, true, std::move(whole)};
}

}  // namespace chatop::kubernetes
