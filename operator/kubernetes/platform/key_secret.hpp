#pragma once
#include <optional>

#include "dataplane/base/json.hpp"
#include "operator/settings/generated_secrets.hpp"
#include "operator/settings/key_rotation.hpp"

// The Secret demo-jwt as the steps of a rotation see and change it: <kid>.pub.pem and <kid>.pem or <kid>.next of each
// key, and in an annotation since when. Pure.
namespace chatop::kubernetes {

inline constexpr const char* kKeysSinceAnnotation = "chatcluster.io/keys-since";

[[nodiscard]] std::vector<settings::KeyView> keys_in(const chat::base::Json& secret);
// The merge patch of a step, which the API server takes only where the Secret is what `secret` says. `fresh`: of `add`.
[[nodiscard]] chat::base::Json patch_of(const chat::base::Json& secret, const settings::KeyStep& step,
                                        const std::optional<settings::SigningKey>& fresh, std::int64_t now);

}  // namespace chatop::kubernetes
