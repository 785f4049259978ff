#include "operator/ports/process.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace chatop::ports {
namespace {

constexpr std::array<std::pair<Role, std::string_view>, 6> kNames{{{Role::shard, "shard"},
                                                                   {Role::redis, "redis"},
                                                                   {Role::messages, "messages"},
                                                                   {Role::worker, "worker"},
                                                                   {Role::api, "api"},
                                                                   {Role::gateway, "gateway"}}};

}  // namespace

std::string process_name(Role role, int ordinal) {
  for (const auto& [each, name] : kNames) {
    if (each == role && role == Role::redis) return std::string(name);
    if (each == role) return std::string(name) + "-" + std::to_string(ordinal);
  }
  return {};
}

std::optional<RoleAndOrdinal> parse_process_name(std::string_view name) {
  const auto dash = name.find('-');
  for (const auto& [role, prefix] : kNames) {
    if (name.substr(0, dash) != prefix) continue;
    if (role == Role::redis) return dash == name.npos ? std::optional(RoleAndOrdinal{role, 0}) : std::nullopt;
    if (dash == name.npos) return std::nullopt;
    int ordinal = 0;
    const char* first = name.data() + dash + 1;
    const char* last = name.data() + name.size();
    auto [end, error] = std::from_chars(first, last, ordinal);
    if (error != std::errc() || end != last || ordinal < 0) return std::nullopt;
    return RoleAndOrdinal{role, ordinal};
  }
  return std::nullopt;
}

}  // namespace chatop::ports
