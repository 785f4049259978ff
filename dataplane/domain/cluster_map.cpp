#include "dataplane/domain/cluster_map.hpp"

#include <algorithm>

#include "dataplane/domain/errors.hpp"

namespace chat::domain {
namespace {

using base::Json;

// Collects the first error with its path; later reads after an error give defaults.
class Reader {
 public:
  [[nodiscard]] const std::optional<base::Error>& error() const { return error_; }
  void complain(const std::string& path, const std::string& what) {
    if (!error_) error_ = base::Error{make_error_code(Errc::bad_request), "cluster map: " + path + " " + what};
  }

  std::string text(const Json& object, const std::string& path, const char* key) {
    if (auto it = object.find(key); it != object.end() && it->is_string()) return it->get<std::string>();
    complain(path + "." + key, "must be a string");
    return {};
  }
  std::int64_t number(const Json& object, const std::string& path, const char* key, std::int64_t low,
                      std::int64_t high) {
    if (auto it = object.find(key); it != object.end()) {
      if (auto value = base::whole_number(*it); value && *value >= low && *value <= high) return *value;
    }
    complain(path + "." + key, "must be a whole number from " + std::to_string(low) + " to " + std::to_string(high));
    return low;
  }
  base::HostPort address(const Json& object, const std::string& path, const char* key) {
    auto parsed = base::parse_host_port(text(object, path, key));
    if (!parsed) {
      complain(path + "." + key, "must be host:port");
      return {};
    }
    return *parsed;
  }
  template <class Each>
  void array(const Json& object, const char* key, Each each) {
    auto it = object.find(key);
    if (it == object.end() || !it->is_array()) return complain(key, "must be a list");
    for (std::size_t i = 0; i < it->size(); ++i) {
      const auto path = std::string(key) + "[" + std::to_string(i) + "]";
      if (!(*it)[i].is_object()) return complain(path, "must be an object");
      each((*it)[i], path);
    }
  }

 private:
  std::optional<base::Error> error_;
};

void read_limits(Reader& reader, const Json& document, Limits& limits) {
  auto it = document.find("limits");
  if (it == document.end()) return;
  if (!it->is_object()) return reader.complain("limits", "must be an object");
  const std::pair<const char*, std::int64_t*> fields[] = {
      {"messagesPerMinutePerUser", &limits.messages_per_minute_per_user},
      {"messageBurst", &limits.message_burst},
      {"messagesPerMinutePerConversation", &limits.messages_per_minute_per_conversation},
      {"apiCallsPerMinutePerUser", &limits.api_calls_per_minute_per_user},
      {"apiCallsPerMinutePerAddress", &limits.api_calls_per_minute_per_address},
      {"connectsPerMinutePerAddress", &limits.connects_per_minute_per_address},
      {"connectionsPerUser", &limits.connections_per_user},
      {"connectionsPerGateway", &limits.connections_per_gateway},
      {"signInTriesPer5Minutes", &limits.sign_in_tries_per_5_minutes},
      {"signInsPerMinutePerAddress", &limits.sign_ins_per_minute_per_address},
      {"groupsPerHourPerUser", &limits.groups_per_hour_per_user},
      {"groupMembers", &limits.group_members},
      {"contentCharacters", &limits.content_characters},
  };
  for (const auto& [key, field] : fields) {
    if (it->contains(key)) *field = reader.number(*it, "limits", key, 0, 1'000'000'000'000);
  }
  if (auto proxies = it->find("trustedProxies"); proxies != it->end() && proxies->is_array()) {
    for (const auto& proxy : *proxies) {
      if (proxy.is_string()) limits.trusted_proxies.push_back(proxy.get<std::string>());
    }
  }
  if (auto vip = it->find("vipUsers"); vip != it->end() && vip->is_object()) {
    if (auto names = vip->find("names"); names != vip->end() && names->is_array()) {
      for (const auto& user : *names) {
        if (user.is_string()) limits.vip_users.insert(user.get<std::string>());
      }
    }
    if (vip->contains("factor")) limits.vip_factor = reader.number(*vip, "limits.vipUsers", "factor", 1, 1'000'000);
  }
}

void check_coverage(Reader& reader, const ClusterMap& map) {
  int next = 0;
  for (const auto& range : map.buckets) {
    if (range.low != next || range.high < range.low) {
      return reader.complain(
          "buckets", "must cover 0 to 4095 once, but bucket " + std::to_string(next) + " is missing or doubled");
    }
    if (map.shard(range.shard) == nullptr) return reader.complain("buckets", "names the unknown shard " + range.shard);
    next = range.high + 1;
  }
  if (next != kBuckets) reader.complain("buckets", "must cover 0 to 4095, but end at " + std::to_string(next - 1));
}

}  // namespace

const BucketRange& ClusterMap::range_of(std::uint16_t bucket) const {
  auto it = std::upper_bound(buckets.begin(), buckets.end(), bucket,
                             [](std::uint16_t b, const BucketRange& range) { return b < range.low; });
  return *std::prev(it);
}

const Shard* ClusterMap::shard(std::string_view name) const {
  auto it = std::find_if(shards.begin(), shards.end(), [&](const Shard& s) { return s.name == name; });
  return it == shards.end() ? nullptr : &*it;
}

base::Result<ClusterMap> parse_cluster_map(std::string_view json) {
  auto parsed = base::parse_json(json);
  if (!parsed) return base::fail(Errc::bad_request, "cluster map: " + parsed.error().message);
  const Json& document = *parsed;
  if (!document.is_object()) return base::fail(Errc::bad_request, "cluster map: must be an object");
  Reader reader;
  ClusterMap map;
  map.version = reader.number(document, "", "version", 1, INT64_MAX);
  map.cluster = reader.text(document, "", "cluster");
  reader.array(document, "shards", [&](const Json& item, const std::string& path) {
    map.shards.push_back({reader.text(item, path, "name"), reader.address(item, path, "address")});
  });
  reader.array(document, "buckets", [&](const Json& item, const std::string& path) {
    BucketRange range;
    range.low = static_cast<std::uint16_t>(reader.number(item, path, "low", 0, kBuckets - 1));
    range.high = static_cast<std::uint16_t>(reader.number(item, path, "high", 0, kBuckets - 1));
    range.shard = reader.text(item, path, "shard");
    range.epoch = reader.number(item, path, "epoch", 1, INT64_MAX);
    map.buckets.push_back(std::move(range));
  });
  reader.array(document, "gateways", [&](const Json& item, const std::string& path) {
    map.gateways.push_back({reader.text(item, path, "name"), reader.text(item, path, "url"),
                            reader.address(item, path, "admin"),
                            item.contains("draining") && item["draining"] == true});
  });
  reader.array(document, "messages", [&](const Json& item, const std::string& path) {
    map.messages.push_back({reader.text(item, path, "name"), reader.address(item, path, "address")});
  });
  read_limits(reader, document, map.limits);
  std::sort(map.buckets.begin(), map.buckets.end(), [](const auto& a, const auto& b) { return a.low < b.low; });
  if (!reader.error()) check_coverage(reader, map);
  if (reader.error()) return base::fail(*reader.error());
  return map;
}

bool Router::adopt(ClusterMap map) {
  if (map.version <= map_.version) return false;
  map_ = std::move(map);
  std::erase_if(moved_, [&](const auto& entry) { return map_.range_of(entry.first).epoch >= entry.second.epoch; });
  return true;
}

void Router::learn(std::uint16_t bucket, std::string owner, std::int64_t epoch) {
  if (map_.range_of(bucket).epoch >= epoch) return;
  auto& entry = moved_[bucket];
  if (epoch > entry.epoch) entry = Moved{std::move(owner), epoch};
}

std::string Router::owner(std::uint16_t bucket) const {
  if (auto it = moved_.find(bucket); it != moved_.end()) return it->second.owner;
  return map_.range_of(bucket).shard;
}

std::size_t rendezvous(std::uint16_t bucket, const std::vector<std::string>& names) {
  std::size_t best = 0;
  std::uint64_t most = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::uint64_t x = 0xcbf29ce484222325ULL ^ bucket;
    for (char c : names[i]) x = (x ^ static_cast<std::uint8_t>(c)) * 0x100000001b3ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    x ^= x >> 31;
    if (i == 0 || x > most) {
      most = x;
      best = i;
    }
  }
  return best;
}

}  // namespace chat::domain
