#pragma once
#include <functional>
#include <memory>
#include <string>

#include "operator/ports/site.hpp"

namespace chatop::kubernetes {

// Which namespace of which cluster, as flags say it; what is empty is chosen as kubectl does.
struct SiteFlags {
  std::string kubeconfig;
  std::string context;
  std::string name_space;
  bool force_conflicts = false;
  bool brief = false;  // an answer after 2 s is of no use
};

// Reads the access; the API server is not asked yet. `environment` returns "" for what is not set.
[[nodiscard]] chat::base::Result<std::unique_ptr<ports::Site>> open_site(
    const SiteFlags& flags, const std::function<std::string(const char*)>& environment);

}  // namespace chatop::kubernetes
