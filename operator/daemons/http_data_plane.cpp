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
constexpr std::size_t kMostBytes = 4 * 1024 * 1024;

// With the token, and where that is not theirs yet, with the one of before.
Task<Result<http::Response>> call(HostPort admin, http::Request request, ports::AdminAccess access, Secure secure) {
  for (const auto* token : {&access.token, &access.earlier_token}) {
    if (token == &access.earlier_token && token->empty()) break;
    request.set(http::field::authorization, "Bearer " + *token);
    auto response = co_await http::fetch(admin, request, kTimeout, kMostBytes, secure.get());
    if (!response || response->result() != http::status::unauthorized) co_return response;
  }
  co_return chat::base::fail(ports::DataPlaneErrc::refused,
                             admin.host + ":" + std::to_string(admin.port) + ": it does not know the admin token");
}

Task<Status> ask(HostPort admin, http::Request request, ports::AdminAccess access, Result<Secure> secure) {
  if (!secure) co_return chat::base::fail(secure.error());
  auto response = co_await call(std::move(admin), std::move(request), std::move(access), std::move(*secure));
  if (!response) co_return chat::base::fail(response.error());
  if (response->result_int() / 100 == 2) co_return Status{};
  co_return chat::base::fail(http::ClientErrc::receive, "answered " + std::to_string(response->result_int()) + ": " +
                                                            response->body().substr(0, 300));
}

}  // namespace

Task<Result<ports::DaemonReport>> HttpDataPlane::report(HostPort admin, ports::AdminAccess access) {
  auto secure = peers_.with(access.trust);
  if (!secure) co_return chat::base::fail(secure.error());
  auto status_request = http::get("/status");
  auto status = co_await call(admin, std::move(status_request), std::move(access), *secure);
  if (!status) co_return chat::base::fail(status.error());
  auto ready_request = http::get("/readyz");
  auto ready = co_await http::fetch(admin, std::move(ready_request), kTimeout, kMostBytes, secure->get());
  if (!ready) co_return chat::base::fail(ready.error());
  co_return daemon_report(status->result_int(), status->body(), ready->result_int(), ready->body());
}

Task<Status> HttpDataPlane::put_map(HostPort admin, ports::AdminAccess access, std::string map) {
  auto request = http::put_json("/map", std::move(map));
  auto secure = peers_.with(access.trust);
  return ask(std::move(admin), std::move(request), std::move(access), std::move(secure));
}

Task<Status> HttpDataPlane::drain(HostPort admin, ports::AdminAccess access, ports::DrainOrder order) {
  const Json body = {{"graceSeconds", order.grace_seconds},
                     {"closeBelow", order.close_below},
                     {"evictionsPerSecond", order.evictions_per_second}};
  auto request = http::post_json("/drain", body.dump());
  auto secure = peers_.with(access.trust);
  return ask(std::move(admin), std::move(request), std::move(access), std::move(secure));
}

}  // namespace chatop::daemons
