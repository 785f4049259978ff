#include "operator/daemons/http_data_plane.hpp"

#include "dataplane/base/json.hpp"
#include "dataplane/io/http/client.hpp"
#include "operator/daemons/daemon_report.hpp"

namespace chatop::daemons {

using chat::base::HostPort;
using chat::base::Json;
using chat::base::Result;
using chat::base::Status;
using chat::base::Task;
namespace http = chat::io::http;

namespace {

constexpr auto kTimeout = std::chrono::milliseconds(2000);

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
  auto ready_request = http::get("/readyz");
  auto ready = co_await http::fetch(admin, std::move(ready_request), kTimeout);
  if (!ready) co_return chat::base::fail(ready.error());
  co_return daemon_report(status->result_int(), status->body(), ready->result_int(), ready->body());
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
