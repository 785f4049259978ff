#include "operator/daemons/daemon_report.hpp"

#include <system_error>

#include "dataplane/base/json.hpp"
#include "dataplane/base/text.hpp"

namespace chatop::daemons {

using chat::base::Json;

namespace {

constexpr unsigned kOk = 200;
constexpr std::size_t kMostFindings = 20;
constexpr std::size_t kMostFindingBytes = 600;
constexpr std::size_t kMostReasonBytes = 300;

std::string text_field(const Json& json, const char* key, std::size_t most) {
  auto it = json.find(key);
  return it != json.end() && it->is_string() ? chat::base::cut(it->get<std::string>(), most) : std::string();
}

std::int64_t number_field(const Json& json, const char* key) {
  auto it = json.find(key);
  return it != json.end() ? chat::base::whole_number(*it).value_or(0) : 0;
}

std::vector<ports::Finding> findings_of(const Json& status) {
  std::vector<ports::Finding> findings;
  auto list = status.find("findings");
  if (list == status.end() || !list->is_array()) return findings;
  for (const auto& each : *list) {
    if (each.is_object() && findings.size() < kMostFindings)
      findings.push_back(
          {text_field(each, "reason", kMostReasonBytes), text_field(each, "message", kMostFindingBytes)});
  }
  return findings;
}

}  // namespace

chat::base::Result<ports::DaemonReport> daemon_report(unsigned status_code, std::string_view status,
                                                      unsigned ready_code, std::string_view ready) {
  auto json = chat::base::parse_json(status);
  if (status_code != kOk || !json || !json->is_object())
    return chat::base::fail(std::make_error_code(std::errc::bad_message),
                            "/status answered " + std::to_string(status_code));
  ports::DaemonReport report;
  report.ready = ready_code == kOk;
  // It goes into conditions and Events: bytes that are no text would make those unreadable.
  const bool is_text = chat::base::code_points(ready).has_value() && !chat::base::has_nul(ready);
  if (!report.ready) report.not_ready = is_text ? chat::base::cut(ready, kMostReasonBytes) : "/readyz answered no text";
  if (report.ready &&
      json->value("reaches_gateways", Json()) == false) {  // chat-api: its process is ready, people are not
    report.ready = false;
    report.not_ready = "it has not reached a gateway that takes connections yet";
  }
  report.state = text_field(*json, "state", kMostReasonBytes);
  report.map_version = number_field(*json, "map_version");
  report.connections = number_field(*json, "connections");
  report.findings = findings_of(*json);
  report.draining = report.state == "Draining" || json->value("draining", Json()) == true;
  return report;
}

}  // namespace chatop::daemons
