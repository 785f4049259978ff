#pragma once
#include <boost/asio/ip/address.hpp>
#include <string>
#include <string_view>
#include <vector>

// Whose request is it? Pure. IPv4-mapped IPv6 addresses count as the IPv4 ones they are.
namespace chat::services {

using Address = boost::asio::ip::address;

// True where `address` is in one of `blocks`: "10.0.0.1", "10.0.0.0/8", "fd00::/8". A malformed block matches nothing.
[[nodiscard]] bool in_blocks(const Address& address, const std::vector<std::string>& blocks);

// `forwarded_for`: all X-Forwarded-For lines, joined by commas in their order. Each proxy appends whom it was called
// by, so the list is read from the right, as long as the one who said so is trusted; the first untrusted address is the
// client. What can not be read ends the walk.
[[nodiscard]] Address client_address(const Address& peer, std::string_view forwarded_for,
                                     const std::vector<std::string>& trusted_proxies);

// The name of an address in limits: IPv6 by its /64, which one household owns entirely.
[[nodiscard]] std::string limit_key(const Address& address);

}  // namespace chat::services
