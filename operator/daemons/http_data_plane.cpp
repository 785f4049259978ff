#include "operator/daemons/http_data_plane.hpp"

#include "dataplane/base/json.hpp"
#include "dataplane/io/http/client.hpp"

namespace chatop::daemons {

using chat::base::HostPort;
using chat::base::Json;
using chat::base::Result;
using chat::base::Status;
using chat::base::Task;
namespace http = chat::io::http;

namespace {

constexpr auto kTimeout = std::chrono::milliseconds(2000);
constexpr std::size_t kMostFindings = 20;
constexpr std::size_t kMostFindingBytes = 600;

std::string text_field(const Json& json, const char* key) {
  auto it = json.find(key);
  return it != json.end() && it->is_string() ? it->get<std::string>() : std::string();
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
      findings.push_back({text_field(each, "reason"), text_field(each, "message").substr(0, kMostFindingBytes)});
  }
  return findings;
}

Task<Status> ask(HostPort admin, http::Request request) {
  auto response = co_await http::fetch(std::move(admin), std::move(request), kTimeout);
  if (!response) co_return chat::base::fail(response.error());
  if (response->result_int() / 100 == 2) co_return Status{};
  co_return chat::base::fail(http::ClientErrc::receive, "answered " + std::to_string(response->result_int()) + ": " +
                                                            response->body().substr(0, 300));
}

}  // namespace

Task<Result<ports::DaemonReport>> HttpDataPlane::report(HostPort admin, std::string token) {
  auto status_request = http::get("/status", token);
  auto status = co_await http::fetch(admin, std::move(status_request), kTimeout);
  if (!status) co_return chat::base::fail(status.error());
  auto json = chat::base::parse_json(status->body());
  if (status->result_int() != 200 || !json || !json->is_object())
    co_return chat::base::fail(http::ClientErrc::receive, "/status answered " + std::to_string(status->result_int()));
  auto ready_request = http::get("/readyz");
  auto ready = co_await http::fetch(admin, std::move(ready_request), kTimeout);
  if (!ready) co_return chat::base::fail(ready.error());
  ports::DaemonReport report;
  report.ready = ready->result_int() == 200;
  if (!report.ready) report.not_ready = ready->body().substr(0, 300);
  report.state = text_field(*json, "state");
  report.map_version = number_field(*json, "map_version");
  report.connections = number_field(*json, "connections");
  report.findings = findings_of(*json);
  report.draining = report.state == "Draining" || (json->contains("draining") && (*json)["draining"] == true);
  co_return report;
}

Task<Status> HttpDataPlane::put_map(HostPort admin, std::string token, std::string map) {
  auto request = http::put_json("/map", std::move(map), token);
  return ask(std::move(admin), std::move(request));
}

Task<Status> HttpDataPlane::drain(HostPort admin, std::string token, ports::DrainOrder order) {
  const Json body = {{"graceSeconds", order.grace_seconds},
                     {"closeBelow", order.close_below},
                     {"evictionsPerSecond", order.evictions_per_second}};
  auto request = http::post_json("/drain", body.dump(), token);
  return ask(std::move(admin), std::move(request));
}

}  // namespace chatop::daemons
