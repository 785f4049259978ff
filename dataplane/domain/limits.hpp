#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace chat::domain {

// spec.limits of the ChatCluster, pushed with the cluster map so that a change needs no restart. 0: no limit.
struct Limits {
  std::int64_t messages_per_minute_per_user = 50;
  std::int64_t message_burst = 100;
  std::int64_t messages_per_minute_per_conversation = 1000;
  std::int64_t api_calls_per_minute_per_user = 1000;
  std::int64_t api_calls_per_minute_per_address = 3000;
  std::int64_t connects_per_minute_per_address = 60;  // of those without a valid token
  std::int64_t connections_per_user = 20;
  std::int64_t connections_per_gateway = 10000;  // spec.gateways.connections.max
  std::int64_t sign_in_tries_per_5_minutes = 5;  // of one account from one address; ten times that from all
  std::int64_t sign_ins_per_minute_per_address = 60;
  std::int64_t groups_per_hour_per_user = 50;
  std::int64_t group_members = 100000;
  std::int64_t content_characters = 100000;
  std::vector<std::string> trusted_proxies;      // addresses or CIDR blocks whose X-Forwarded-For is believed
  std::set<std::string, std::less<>> vip_users;  // usernames or user ids
  std::int64_t vip_factor = 10;
};

// A frame carries at most this many bytes, whatever the limits say.
inline constexpr std::size_t kMaxFrameBytes = 1'310'720;

}  // namespace chat::domain
