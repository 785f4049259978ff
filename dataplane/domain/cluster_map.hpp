#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/config.hpp"
#include "dataplane/base/json.hpp"
#include "dataplane/base/result.hpp"
#include "dataplane/domain/bucket.hpp"
#include "dataplane/domain/limits.hpp"

namespace chat::domain {

struct Shard {
  std::string name;  // shard-0
  base::HostPort address;
};
struct BucketRange {
  std::uint16_t low = 0;
  std::uint16_t high = 0;  // inclusive
  std::string shard;
  std::int64_t epoch = 0;
};
struct GatewayEntry {
  std::string name;
  std::string url;  // what POST /v1/connect hands out
  base::HostPort admin;
  bool draining = false;
};
struct MessagesEntry {
  std::string name;
  base::HostPort address;
};

// The versioned cluster map: the operator writes it, every daemon starts with a copy and is pushed newer ones. It is a
// hint: each shard checks ownership itself in every write (I5). JSON form:
//   {"version": 3, "cluster": "demo",
//    "shards":   [{"name": "shard-0", "address": "127.0.0.1:5433"}],
//    "buckets":  [{"low": 0, "high": 2047, "shard": "shard-0", "epoch": 1}, …],      covers 0…4095 exactly once
//    "gateways": [{"name": "gateway-0", "url": "ws://127.0.0.1:7001/v1/ws", "admin": "127.0.0.1:9001", "draining":
//    false}], "messages": [{"name": "messages-0", "address": "127.0.0.1:7101"}], "limits": {"messagesPerMinutePerUser":
//    50, …, "connectionsPerGateway": 10000, "trustedProxies": [], "vipUsers": {"names": [], "factor": 10}}}
struct ClusterMap {
  std::int64_t version = 0;
  std::string cluster;
  std::vector<Shard> shards;
  std::vector<BucketRange> buckets;  // sorted by low
  std::vector<GatewayEntry> gateways;
  std::vector<MessagesEntry> messages;
  Limits limits;

  [[nodiscard]] const BucketRange& range_of(std::uint16_t bucket) const;
  [[nodiscard]] const Shard* shard(std::string_view name) const;
};

// Errors name the path in the document.
[[nodiscard]] base::Result<ClusterMap> parse_cluster_map(std::string_view json);

// Where a bucket is believed to be: the map, corrected by "moved" answers that are newer than it (by epoch).
class Router {
 public:
  explicit Router(ClusterMap map) : map_(std::move(map)) {}
  // False where `map` is not newer than the one in use.
  bool adopt(ClusterMap map);
  // A shard said that `bucket` belongs to `owner` since `epoch`. Kept until a map with that epoch arrives.
  void learn(std::uint16_t bucket, std::string owner, std::int64_t epoch);
  [[nodiscard]] std::string owner(std::uint16_t bucket) const;
  [[nodiscard]] const ClusterMap& map() const { return map_; }

 private:
  struct Moved {
    std::string owner;
    std::int64_t epoch = 0;
  };
  ClusterMap map_;
  std::map<std::uint16_t, Moved> moved_;  // at most kBuckets entries
};

// The name among `names` with the highest rendezvous weight for `bucket`: stable when others come and go.
[[nodiscard]] std::size_t rendezvous(std::uint16_t bucket, const std::vector<std::string>& names);

}  // namespace chat::domain
