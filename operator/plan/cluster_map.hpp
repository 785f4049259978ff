#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/base/config.hpp"
#include "operator/api/chat_cluster.hpp"
#include "operator/ports/shard_admin.hpp"

namespace chatop::plan {

inline constexpr int kBuckets = 4096;

// The cluster map as the operator writes it; what the daemons read of it is said in dataplane/domain/cluster_map.hpp.
struct ClusterMap {
  struct Shard {
    std::string name;
    chat::base::HostPort address;
  };
  struct Gateway {
    std::string name;
    std::string url;
    chat::base::HostPort admin;
    bool draining = false;
  };
  struct Messages {
    std::string name;
    chat::base::HostPort address;
  };
  std::int64_t version = 0;  // 0: none was published
  std::string cluster;
  std::vector<Shard> shards;
  std::vector<ports::OwnedRange> buckets;  // sorted, cover every bucket once
  std::vector<Gateway> gateways;
  std::vector<Messages> messages;
  api::LimitsSpec limits;
  std::int64_t connections_per_gateway = 10000;
};

[[nodiscard]] std::string to_json(const ClusterMap& map);
// What was published before; an unreadable one is as none.
[[nodiscard]] ClusterMap parse_map(const std::string& json);
// Whether both say the same but for the version.
[[nodiscard]] bool same_content(const ClusterMap& a, const ClusterMap& b);

// Every bucket to one of `shards` shards, in even ranges, in epoch 1.
[[nodiscard]] std::vector<ports::OwnedRange> even_split(int shards);
// Neighbours of one owner and epoch become one range.
[[nodiscard]] std::vector<ports::OwnedRange> joined(std::vector<ports::OwnedRange> ranges);
// "0-2047,3000-3100": what `owner` has.
[[nodiscard]] std::string ranges_text(const std::vector<ports::OwnedRange>& ranges, const std::string& owner);

}  // namespace chatop::plan
