#include "dataplane/io/tls/expiry.hpp"

#include <array>
#include <ctime>

namespace chat::io::tls {
namespace {

std::string day(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  const auto length = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts);
  return {text.data(), length};
}

}  // namespace

std::string why_kept_out(const Validity& in_use, const Validity& fresh, std::int64_t now) {
  const bool good = in_use.not_before <= now && now < in_use.not_after;
  if (!good) return {};
  if (now >= fresh.not_after) return "the new certificate ended on " + day(fresh.not_after);
  if (now < fresh.not_before) return "the new certificate is valid only from " + day(fresh.not_before);
  return {};
}

std::optional<Trouble> expiry_trouble(const Validity& certificate, const std::string& whose, std::int64_t now) {
  if (now >= certificate.not_after)
    return Trouble{"CertificateExpires",
                   whose + " ended on " + day(certificate.not_after) + ": put a new one into its Secret"};
  if (now < certificate.not_before)
    return Trouble{"CertificateInvalid", whose + " is valid only from " + day(certificate.not_before) +
                                             ": see that the clocks are right, or put another one into its Secret"};
  if (certificate.not_after - now < kExpiresSoonSeconds)
    return Trouble{"CertificateExpires",
                   whose + " ends on " + day(certificate.not_after) + ": put a new one into its Secret before that"};
  return std::nullopt;
}

}  // namespace chat::io::tls
