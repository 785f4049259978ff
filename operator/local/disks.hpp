#pragma once
#include <vector>

#include "operator/local/layout.hpp"
#include "operator/ports/process.hpp"

namespace chatop::local {

// The disks that the cluster's files are on, each once: of the cluster's folder, its logs and the data of `shards`.
// What can not be asked about is left out.
[[nodiscard]] std::vector<ports::DiskView> look_at_disks(const ClusterLayout& layout,
                                                         const std::vector<std::string>& shards);

}  // namespace chatop::local
