#include "operator/local/secrets.hpp"

#include "dataplane/base/clock.hpp"
#include "operator/local/files.hpp"
#include "operator/settings/generated_secrets.hpp"

namespace chatop::local {
namespace {

using chat::base::Status;

Status make_signing_key(const ClusterLayout& layout) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(layout.jwt_keys(), error)) {
    if (entry.path().string().ends_with(".pub.pem")) return {};  // written last: a key is there, whole
  }
  const auto key = settings::new_signing_key(chat::base::SystemClock().now_milliseconds());
  if (!key) return chat::base::fail(key.error());
  if (auto ok = write_file(layout.jwt_keys() / (key->kid + ".pem"), key->private_pem, 0600); !ok) return ok;
  return write_file(layout.jwt_keys() / (key->kid + ".pub.pem"), key->public_pem, 0600);
}

}  // namespace

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
