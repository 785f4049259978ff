#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace chat::io::tls {

// What is to be known of a certificate to judge it. Seconds since 1970.
struct Validity {
  std::string subject;
  std::int64_t not_before = 0;
  std::int64_t not_after = 0;
};

// Something wrong with the files that a person should know: a reason in CamelCase and a sentence without figures that
// change by themselves.
struct Trouble {
  std::string reason;
  std::string message;
  bool operator==(const Trouble&) const = default;
};

constexpr std::int64_t kExpiresSoonSeconds = std::int64_t{7} * 24 * 3600;

// Why `fresh` does not take the place of `in_use`; empty: it does. One that nobody would accept is kept out for as long
// as the one in use is good.
[[nodiscard]] std::string why_kept_out(const Validity& in_use, const Validity& fresh, std::int64_t now);
// CertificateExpires when it ends within seven days or has ended, CertificateInvalid when it is not valid yet.
[[nodiscard]] std::optional<Trouble> expiry_trouble(const Validity& certificate, const std::string& whose,
                                                    std::int64_t now);

}  // namespace chat::io::tls
