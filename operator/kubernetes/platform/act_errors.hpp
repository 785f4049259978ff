#pragma once
#include <chrono>
#include <string>
#include <utility>

#include "operator/kubernetes/client/api_error.hpp"
#include "operator/ports/platform.hpp"

namespace chatop::kubernetes {

inline constexpr auto kPodEnds = std::chrono::minutes(5);  // longer than any grace of ours but a gateway's

[[nodiscard]] inline chat::base::Status later(std::string why) {
  return chat::base::fail(ports::PlatformErrc::later, std::move(why));
}

// What the API server said, as the platform says it.
[[nodiscard]] inline chat::base::Status failed(const chat::base::Error& error) {
  using ports::PlatformErrc;
  if (error.code == ApiErrc::forbidden && error.message.find("exceeded quota") != std::string::npos)
    return chat::base::fail(PlatformErrc::quota_full, error.message);
  if (error.code == ApiErrc::forbidden) return chat::base::fail(PlatformErrc::no_permission, error.message);
  if (error.code == ApiErrc::invalid) return chat::base::fail(PlatformErrc::person, error.message);
  return later(error.message);
}

}  // namespace chatop::kubernetes
