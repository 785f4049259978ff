#pragma once
#include <string>
#include <string_view>

#include "operator/api/text_rules.hpp"

namespace chatop::api {

// What a text looks like, said twice: as a predicate, and as a condition on `self` in CEL for the API server. Both take
// and refuse the same texts; tests/kubernetes/corpus proves it.
struct TextForm {
  bool (*holds)(std::string_view) = nullptr;
  std::string (*cel)() = nullptr;
  std::size_t longest = 0;  // in characters: the API server wants a bound to weigh a condition by
};

namespace cel {
[[nodiscard]] std::string any_text();
[[nodiscard]] std::string resource_name();
[[nodiscard]] std::string child_name();
[[nodiscard]] std::string secret_name();
[[nodiscard]] std::string gateway_url();
[[nodiscard]] std::string web_url();
[[nodiscard]] std::string origin();
[[nodiscard]] std::string address_range();
[[nodiscard]] std::string tls_version();
[[nodiscard]] std::string username();
[[nodiscard]] std::string bootstrap_servers();
[[nodiscard]] std::string word();
[[nodiscard]] std::string time();
[[nodiscard]] std::string decision();
}  // namespace cel

inline constexpr TextForm kAnyText{any_text, cel::any_text, 4096};
inline constexpr TextForm kResourceName{is_resource_name, cel::resource_name, kLongestName};
inline constexpr TextForm kChildName{is_child_name, cel::child_name, 63};
inline constexpr TextForm kSecretName{is_secret_name, cel::secret_name, 253};
inline constexpr TextForm kGatewayUrl{is_gateway_url, cel::gateway_url, 4096};
inline constexpr TextForm kWebUrl{is_web_url, cel::web_url, 4096};
inline constexpr TextForm kOrigin{is_origin, cel::origin, 4096};
inline constexpr TextForm kAddressRange{is_address_range, cel::address_range, 64};
inline constexpr TextForm kTlsVersion{is_tls_version, cel::tls_version, 16};
inline constexpr TextForm kUsername{is_username, cel::username, 64};
inline constexpr TextForm kBootstrapServers{is_bootstrap_servers, cel::bootstrap_servers, 4096};
inline constexpr TextForm kWord{is_word, cel::word, 200};
inline constexpr TextForm kTime{is_time, cel::time, 64};
inline constexpr TextForm kDecision{is_decision, cel::decision, 16};

// Understood alike by std::regex and by CEL.
inline constexpr std::string_view kTimePattern =
    "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?"
    "(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$";

}  // namespace chatop::api
