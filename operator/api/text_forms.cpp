#include "operator/api/text_forms.hpp"

// Each beside the predicate of its name in text_rules.cpp: change both. r'…' is CEL's text without escapes.
namespace chatop::api::cel {
namespace {

const std::string kLabel = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";
const std::string kPort = "0*([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";
const std::string kHost = R"((\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+))";
const std::string kMaybePort = "(:" + kPort + ")?";

std::string matches(const std::string& pattern) { return "self.matches(r'^" + pattern + "$')"; }
// maxLength counts characters, and 4096 of them may be four times as many bytes.
std::string bounded(const std::string& condition) { return "size(bytes(self)) <= 4096 && " + condition; }

}  // namespace

std::string any_text() { return bounded(R"(!self.matches(r'[\x00-\x1f\x7f]'))"); }
std::string resource_name() { return "size(self) <= 40 && " + matches(kLabel); }
std::string child_name() { return matches(kLabel); }
std::string secret_name() { return matches(kLabel + "([.]" + kLabel + ")*"); }
std::string gateway_url() {
  return bounded("self.replace('{gateway}', 'gateway-0', 1).matches(r'^wss?://" + kHost + kMaybePort +
                 R"x(([/?#][^\x00-\x20\x7f"<>\\^`|{}]*)?$'))x");
}
std::string web_url() {
  return bounded(matches("https?://" + kHost + kMaybePort + R"x(([/?#][^\x00-\x20\x7f"<>\\^`|]*)?)x"));
}
std::string origin() { return bounded(matches("https?://" + kHost + kMaybePort)); }
std::string address_range() { return "isIP(self) || isCIDR(self)"; }
std::string tls_version() { return "self in ['1.2', '1.3']"; }
std::string username() { return matches("[A-Za-z0-9_]{3,50}"); }
std::string bootstrap_servers() {
  const std::string server = kHost + ":" + kPort;
  return bounded(matches(server + "(," + server + ")*"));
}
std::string word() { return matches("[A-Za-z0-9._-]{1,200}"); }
std::string time() { return "self.matches(r'" + std::string(kTimePattern) + "')"; }
std::string decision() { return "self in ['Keep', 'Back']"; }

}  // namespace chatop::api::cel
