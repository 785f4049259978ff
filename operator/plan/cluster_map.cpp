#include "operator/plan/cluster_map.hpp"

#include <algorithm>
#include <stdexcept>

#include "dataplane/base/json.hpp"

namespace chatop::plan {

using chat::base::HostPort;
using chat::base::Json;
using ports::OwnedRange;

namespace {

std::string text_of(const HostPort& address) { return address.host + ":" + std::to_string(address.port); }

Json limits_json(const api::LimitsSpec& limits) {
  return {{"messagesPerMinutePerUser", limits.messages_per_minute_per_user},
          {"messageBurst", limits.message_burst},
          {"messagesPerMinutePerConversation", limits.messages_per_minute_per_conversation},
          {"apiCallsPerMinutePerUser", limits.api_calls_per_minute_per_user},
          {"apiCallsPerMinutePerAddress", limits.api_calls_per_minute_per_address},
          {"connectsPerMinutePerAddress", limits.connects_per_minute_per_address},
          {"connectionsPerUser", limits.connections_per_user},
          {"signInTriesPer5Minutes", limits.sign_in_tries_per_5_minutes},
          {"signInsPerMinutePerAddress", limits.sign_ins_per_minute_per_address},
          {"groupsPerHourPerUser", limits.groups_per_hour_per_user},
          {"groupMembers", limits.group_members},
          {"contentCharacters", limits.content_characters},
          {"trustedProxies", limits.trusted_proxies},
          {"vipUsers", {{"names", limits.vip_users.names}, {"factor", limits.vip_users.factor}}}};
}

Json content(const ClusterMap& map) {
  Json json = {{"cluster", map.cluster}, {"limits", limits_json(map.limits)}};
  json["limits"]["connectionsPerGateway"] = map.connections_per_gateway;
  json["shards"] = Json::array();
  for (const auto& shard : map.shards)
    json["shards"].push_back({{"name", shard.name}, {"address", text_of(shard.address)}});
  json["buckets"] = Json::array();
  for (const auto& range : map.buckets)
    json["buckets"].push_back(
        {{"low", range.low}, {"high", range.high}, {"shard", range.owner}, {"epoch", range.epoch}});
  json["gateways"] = Json::array();
  for (const auto& gateway : map.gateways)
    json["gateways"].push_back({{"name", gateway.name},
                                {"url", gateway.url},
                                {"admin", text_of(gateway.admin)},
                                {"draining", gateway.draining}});
  json["messages"] = Json::array();
  for (const auto& each : map.messages)
    json["messages"].push_back({{"name", each.name}, {"address", text_of(each.address)}});
  return json;
}

// A number is one of ours or the map is none: nlohmann would make something of 4.6e19 and of 1.5.
std::int64_t number(const Json& json) { return chat::base::whole_number(json).value(); }
std::int64_t number(const Json& json, const char* key, std::int64_t otherwise) {
  const auto found = json.find(key);
  return found == json.end() ? otherwise : number(*found);
}
int bucket(const Json& json) {
  const auto value = number(json);
  if (value >= kBuckets) throw std::out_of_range("no bucket");
  return static_cast<int>(value);
}

// Throws what nlohmann and std throw on a wrong shape: parse_map turns it into "none".
ClusterMap read_map(const Json& json) {
  auto address = [](const Json& each, const char* key) {
    return chat::base::parse_host_port(each.at(key).get<std::string>()).value();
  };
  ClusterMap map;
  map.version = number(json.at("version"));
  map.cluster = json.at("cluster").get<std::string>();
  for (const auto& each : json.at("shards")) map.shards.push_back({each.at("name"), address(each, "address")});
  for (const auto& each : json.at("buckets"))
    map.buckets.push_back(
        {bucket(each.at("low")), bucket(each.at("high")), each.at("shard"), number(each.at("epoch"))});
  for (const auto& each : json.at("gateways"))
    map.gateways.push_back({each.at("name"), each.at("url"), address(each, "admin"), each.at("draining")});
  for (const auto& each : json.at("messages")) map.messages.push_back({each.at("name"), address(each, "address")});
  // Limits of another version may be more or fewer: what is not there has its default, and the map is published anew.
  const Json& limits = json.at("limits");
  const std::pair<const char*, std::int64_t*> numbers[] = {
      {"messagesPerMinutePerUser", &map.limits.messages_per_minute_per_user},
      {"messageBurst", &map.limits.message_burst},
      {"messagesPerMinutePerConversation", &map.limits.messages_per_minute_per_conversation},
      {"apiCallsPerMinutePerUser", &map.limits.api_calls_per_minute_per_user},
      {"apiCallsPerMinutePerAddress", &map.limits.api_calls_per_minute_per_address},
      {"connectsPerMinutePerAddress", &map.limits.connects_per_minute_per_address},
      {"connectionsPerUser", &map.limits.connections_per_user},
      {"signInTriesPer5Minutes", &map.limits.sign_in_tries_per_5_minutes},
      {"signInsPerMinutePerAddress", &map.limits.sign_ins_per_minute_per_address},
      {"groupsPerHourPerUser", &map.limits.groups_per_hour_per_user},
      {"groupMembers", &map.limits.group_members},
      {"contentCharacters", &map.limits.content_characters}};
  for (const auto& [key, into] : numbers) *into = number(limits, key, *into);
  map.connections_per_gateway = number(limits, "connectionsPerGateway", map.connections_per_gateway);
  map.limits.trusted_proxies = limits.value("trustedProxies", std::vector<std::string>());
  const Json vip = limits.value("vipUsers", Json::object());
  map.limits.vip_users.names = vip.value("names", std::vector<std::string>());
  map.limits.vip_users.factor = number(vip, "factor", map.limits.vip_users.factor);
  return map;
}

}  // namespace

std::string to_json(const ClusterMap& map) {
  Json json = content(map);
  json["version"] = map.version;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

ClusterMap parse_map(const std::string& text) {
  auto json = chat::base::parse_json(text);
  if (!json) return {};
  try {
    return read_map(*json);
  } catch (const std::exception&) {  // nlohmann's or tl::expected's: not a map of ours
    return {};
  }
}

bool same_content(const ClusterMap& a, const ClusterMap& b) { return content(a) == content(b); }

std::vector<OwnedRange> even_split(int shards) {
  std::vector<OwnedRange> ranges;
  for (int i = 0; i < shards; ++i)
    ranges.push_back(
        {kBuckets * i / shards, kBuckets * (i + 1) / shards - 1, ports::process_name(ports::Role::shard, i), 1});
  return ranges;
}

std::vector<OwnedRange> joined(std::vector<OwnedRange> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.low < b.low; });
  std::vector<OwnedRange> result;
  for (auto& range : ranges) {
    if (!result.empty()) {
      auto& last = result.back();
      if (last.owner == range.owner && last.epoch == range.epoch && last.high + 1 == range.low) {
        last.high = range.high;
        continue;
      }
    }
    result.push_back(std::move(range));
  }
  return result;
}

std::string ranges_text(const std::vector<OwnedRange>& ranges, const std::string& owner) {
  std::string text;
  for (const auto& range : joined(ranges)) {
    if (range.owner != owner) continue;
    text += (text.empty() ? "" : ",") + std::to_string(range.low) + "-" + std::to_string(range.high);
  }
  return text;
}

}  // namespace chatop::plan
