#pragma once
#include <cstddef>
#include <string_view>

namespace chatop::api {

inline constexpr std::size_t kLongestName = 40;  // names of children are longer and must fit in 63

// Predicates over the texts of a document. Pure.
[[nodiscard]] bool any_text(std::string_view text);  // at most 4096 bytes of valid UTF-8 without control characters
[[nodiscard]] bool is_resource_name(std::string_view text);  // a DNS-1123 label of at most kLongestName
[[nodiscard]] bool is_child_name(std::string_view text);     // a DNS-1123 label of at most 63
[[nodiscard]] bool is_secret_name(std::string_view text);    // a DNS-1123 subdomain
[[nodiscard]] bool is_gateway_url(std::string_view text);    // ws:// or wss://, may hold {gateway} once
[[nodiscard]] bool is_web_url(std::string_view text);        // http:// or https://
[[nodiscard]] bool is_origin(std::string_view text);         // scheme://host[:port], no path
[[nodiscard]] bool is_address_range(std::string_view text);  // 10.0.0.0/8, ::1, fd00::/8; no IPv4 inside IPv6
[[nodiscard]] bool is_tls_version(std::string_view text);
[[nodiscard]] bool is_username(std::string_view text);
[[nodiscard]] bool is_bootstrap_servers(std::string_view text);  // host:port[,host:port…]
[[nodiscard]] bool is_word(std::string_view text);               // 1 to 200 of A-Z, a-z, 0-9, ".", "_" and "-"
[[nodiscard]] bool is_time(std::string_view text);  // RFC 3339; whether the month has that day is not asked
// "[prefix/]name" as keys of labels and annotations are: the prefix a DNS-1123 subdomain, the name at most 63 of A-Z,
// a-z, 0-9, ".", "_" and "-" that begins and ends with a letter or digit.
[[nodiscard]] bool is_metadata_key(std::string_view text);
[[nodiscard]] bool is_label_value(std::string_view text);  // as such a name, or empty
[[nodiscard]] bool is_decision(std::string_view text);

}  // namespace chatop::api
