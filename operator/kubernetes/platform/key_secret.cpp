#include "operator/kubernetes/platform/key_secret.hpp"

#include "dataplane/base/digest.hpp"
#include "operator/kubernetes/client/fields.hpp"

namespace chatop::kubernetes {

using chat::base::Json;
using settings::KeyStep;
using settings::KeyView;

namespace {

Json since_in(const Json& secret) {
  const auto parsed = chat::base::parse_json(text_at(secret, {"metadata", "annotations", kKeysSinceAnnotation}));
  return parsed && parsed->is_object() ? *parsed : Json::object();
}

// "01ABC" of "01ABC.pem"; empty: another ending.
std::string kid_of(const std::string& file, std::string_view ending) {
  return file.ends_with(ending) ? file.substr(0, file.size() - ending.size()) : std::string();
}

}  // namespace

std::vector<KeyView> keys_in(const Json& secret) {
  std::vector<KeyView> keys;
  const auto data = secret.find("data");
  if (data == secret.end() || !data->is_object()) return keys;
  const auto since = since_in(secret);
  for (const auto& [file, value] : data->items()) {
    if (file.ends_with(settings::kPublicEnding)) continue;
    KeyView key;
    key.kid = kid_of(file, settings::kSigningEnding);
    key.signs = !key.kid.empty();
    if (!key.signs) key.kid = kid_of(file, settings::kWaitingEnding);
    if (key.kid.empty()) continue;
    if (const auto at = since.find(key.kid); at != since.end() && at->is_number_integer())
      key.since = at->get<std::int64_t>();
    keys.push_back(std::move(key));
  }
  return keys;
}

Json patch_of(const Json& secret, const KeyStep& step, const std::optional<settings::SigningKey>& fresh,
              std::int64_t now) {
  auto since = since_in(secret);
  Json data = Json::object();
  if (step.what == KeyStep::What::add && fresh) {
    data[fresh->kid + settings::kPublicEnding] = chat::base::base64(fresh->public_pem);
    data[fresh->kid + settings::kWaitingEnding] = chat::base::base64(fresh->private_pem);
  }
  for (const auto& kid : step.kids) {
    if (step.what == KeyStep::What::note || step.what == KeyStep::What::sign) since[kid] = now;
    if (step.what == KeyStep::What::sign) {
      data[kid + settings::kSigningEnding] = secret.at("data").at(kid + settings::kWaitingEnding);
      data[kid + settings::kWaitingEnding] = nullptr;
    }
    if (step.what == KeyStep::What::retire) {
      since.erase(kid);
      for (const char* ending : {settings::kPublicEnding, settings::kSigningEnding, settings::kWaitingEnding})
        data[kid + ending] = nullptr;
    }
  }
  Json metadata = {{"annotations", {{kKeysSinceAnnotation, since.dump()}}}};
  for (const char* key : {"uid", "resourceVersion"}) metadata[key] = secret.at("metadata").at(key);
  return {{"metadata", std::move(metadata)}, {"data", std::move(data)}};
}

}  // namespace chatop::kubernetes
