#include "dataplane/services/address.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace chat::services {
namespace {

namespace ip = boost::asio::ip;

constexpr int kMostHops = 32;

Address plain(const Address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::optional<Address> parse(std::string_view text) {
  boost::system::error_code error;
  auto address = ip::make_address(std::string(text), error);
  if (error || (address.is_v6() && address.to_v6().scope_id() != 0)) return std::nullopt;
  return plain(address);
}

// An element of X-Forwarded-For: some proxies write a port, and brackets round IPv6 then.
std::optional<Address> parse_hop(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    return end == std::string_view::npos ? std::nullopt : parse(text.substr(1, end - 1));
  }
  if (std::count(text.begin(), text.end(), ':') == 1) text = text.substr(0, text.find(':'));
  return parse(text);
}

template <class Bytes>
bool same_prefix(const Bytes& a, const Bytes& b, unsigned bits) {
  for (std::size_t i = 0; i < a.size() && bits > 0; ++i) {
    const unsigned here = std::min(bits, 8u);
    const unsigned mask = 0xFFu << (8 - here) & 0xFFu;
    if (((a[i] ^ b[i]) & mask) != 0) return false;
    bits -= here;
  }
  return true;
}

bool in_block(const Address& address, std::string_view block) {
  const auto slash = block.find('/');
  const auto network = parse(block.substr(0, slash));
  if (!network || network->is_v4() != address.is_v4()) return false;
  unsigned bits = address.is_v4() ? 32 : 128;
  if (slash != std::string_view::npos) {
    const auto text = block.substr(slash + 1);
    unsigned asked = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), asked);
    if (error != std::errc() || end != text.data() + text.size() || asked > bits) return false;
    bits = asked;
  }
  return address.is_v4() ? same_prefix(address.to_v4().to_bytes(), network->to_v4().to_bytes(), bits)
                         : same_prefix(address.to_v6().to_bytes(), network->to_v6().to_bytes(), bits);
}

}  // namespace

bool in_blocks(const Address& address, const std::vector<std::string>& blocks) {
  const Address wanted = plain(address);
  return std::any_of(blocks.begin(), blocks.end(), [&wanted](const auto& block) { return in_block(wanted, block); });
}

Address client_address(const Address& peer, std::string_view forwarded_for,
                       const std::vector<std::string>& trusted_proxies) {
  Address client = plain(peer);
  for (int hop = 0; hop < kMostHops && !forwarded_for.empty() && in_blocks(client, trusted_proxies); ++hop) {
    const auto comma = forwarded_for.rfind(',');
    const auto last = comma == std::string_view::npos ? forwarded_for : forwarded_for.substr(comma + 1);
    const auto next = parse_hop(last);
    if (!next) break;
    client = *next;
    forwarded_for = comma == std::string_view::npos ? std::string_view() : forwarded_for.substr(0, comma);
  }
  return client;
}

std::string limit_key(const Address& address) {
  const Address client = plain(address);
  if (client.is_v4()) return client.to_string();
  auto bytes = client.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return ip::address_v6(bytes).to_string() + "/64";
}

}  // namespace chat::services
