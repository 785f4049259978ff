#include "operator/local/secrets.hpp"

#include "dataplane/base/clock.hpp"
#include "dataplane/base/json.hpp"
#include "operator/local/files.hpp"
#include "operator/settings/generated_secrets.hpp"

namespace chatop::local {
namespace {

using chat::base::Json;
using chat::base::Result;
using chat::base::Status;
using settings::KeyStep;
using settings::KeyView;

std::filesystem::path since_file(const ClusterLayout& layout) { return layout.jwt_keys() / "since.json"; }

Json read_since(const ClusterLayout& layout) {
  const auto text = read_file(since_file(layout));
  auto parsed = chat::base::parse_json(text ? *text : std::string());
  return parsed && parsed->is_object() ? std::move(*parsed) : Json::object();
}

// Those that are whole: the public half is written last.
std::vector<KeyView> read_keys(const ClusterLayout& layout, const Json& since) {
  std::vector<KeyView> keys;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(layout.jwt_keys(), error)) {
    const auto file = entry.path().filename().string();
    if (!file.ends_with(settings::kPublicEnding)) continue;
    KeyView key;
    key.kid = file.substr(0, file.size() - std::string_view(settings::kPublicEnding).size());
    key.signs = std::filesystem::exists(layout.jwt_keys() / (key.kid + settings::kSigningEnding), error);
    const bool waits = std::filesystem::exists(layout.jwt_keys() / (key.kid + settings::kWaitingEnding), error);
    if (!key.signs && !waits) continue;
    if (const auto at = since.find(key.kid); at != since.end() && at->is_number_integer())
      key.since = at->get<std::int64_t>();
    keys.push_back(std::move(key));
  }
  return keys;
}

Status write_key(const ClusterLayout& layout, const settings::SigningKey& key, const char* private_ending) {
  const auto folder = layout.jwt_keys();
  if (auto ok = write_file(folder / (key.kid + private_ending), key.private_pem, 0600); !ok) return ok;
  return write_file(folder / (key.kid + settings::kPublicEnding), key.public_pem, 0600);
}

Status take_step(const ClusterLayout& layout, const KeyStep& step, Json since, std::int64_t now) {
  if (step.what == KeyStep::What::add) {
    const auto key = settings::new_signing_key(now);
    return key ? write_key(layout, *key, settings::kWaitingEnding) : Status(chat::base::fail(key.error()));
  }
  std::error_code error;
  for (const auto& kid : step.kids) {
    const auto file = [&](const char* ending) { return layout.jwt_keys() / (kid + ending); };
    since[kid] = now;
    if (step.what == KeyStep::What::sign)
      std::filesystem::rename(file(settings::kWaitingEnding), file(settings::kSigningEnding), error);
    if (step.what != KeyStep::What::retire) continue;
    since.erase(kid);
    for (const char* ending : {settings::kPublicEnding, settings::kSigningEnding, settings::kWaitingEnding})
      std::filesystem::remove(file(ending), error);
  }
  if (error)
    return chat::base::fail(FileErrc::write, layout.jwt_keys().string() + " can not be changed: " + error.message());
  return write_file(since_file(layout), since.dump() + "\n", 0600);
}

Status make_signing_key(const ClusterLayout& layout) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(layout.jwt_keys(), error)) {
    if (entry.path().string().ends_with(settings::kPublicEnding)) return {};  // written last: a key is there, whole
  }
  const auto key = settings::new_signing_key(chat::base::SystemClock().now_milliseconds());
  if (!key) return chat::base::fail(key.error());
  return write_key(layout, *key, settings::kSigningEnding);
}

}  // namespace

Result<KeyStep> rotate_signing_keys(const ClusterLayout& layout, std::int64_t now) {
  auto since = read_since(layout);
  // All daemons read this one folder.
  auto step = settings::next_key_step(read_keys(layout, since), true, now);
  if (step.what == KeyStep::What::nothing) return step;
  auto taken = take_step(layout, step, std::move(since), now);
  if (!taken) return chat::base::fail(taken.error());
  return step;
}

Status make_secrets(const ClusterLayout& layout) {
  for (const auto& folder : {layout.secrets(), layout.jwt_keys()}) {
    if (auto ok = make_directory(folder, 0700); !ok) return ok;
  }
  for (const char* name : {kAdminToken, kPostgresSuperuserPassword, kPostgresChatPassword, kRedisPassword}) {
    std::error_code error;
    if (std::filesystem::exists(layout.secret(name), error)) continue;
    if (auto ok = write_file(layout.secret(name), settings::random_secret() + "\n", 0600); !ok) return ok;
  }
  return make_signing_key(layout);
}

}  // namespace chatop::local
