#pragma once
#include <string>

#include "dataplane/base/result.hpp"
#include "operator/local/layout.hpp"
#include "operator/settings/key_rotation.hpp"

namespace chatop::local {

inline constexpr const char* kAdminToken = "admin_token";
inline constexpr const char* kPostgresSuperuserPassword = "postgres_superuser_password";
inline constexpr const char* kPostgresChatPassword = "postgres_chat_password";
inline constexpr const char* kRedisPassword = "redis_password";

// Makes what is missing: random tokens and the RSA key that signs access tokens (<kid>.pem, <kid>.pub.pem). What is
// there stays. Files are 0600 in folders of 0700.
[[nodiscard]] chat::base::Status make_secrets(const ClusterLayout& layout);
// The next step of the keys that sign access tokens, where one is due at `now` (milliseconds since 1970).
[[nodiscard]] chat::base::Result<settings::KeyStep> rotate_signing_keys(const ClusterLayout& layout, std::int64_t now);

}  // namespace chatop::local
