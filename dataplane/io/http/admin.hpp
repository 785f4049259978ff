#pragma once
#include <functional>
#include <nlohmann/json.hpp>

#include "dataplane/base/metrics.hpp"
#include "dataplane/io/http/server.hpp"

namespace chat::io::http {

// The admin side that every daemon has, on a port of its own:
//   GET /livez    200 while the event loop turns        GET /startupz  200 once started
//   GET /readyz   200 or 503 with the reason            GET /metrics   Prometheus text
//   GET /status   JSON {name, role, version, state, map_version, uptime_seconds, pid, clock_drift_ms, …}
//   PUT /map      the cluster map (JSON) → 204, 400 with what is wrong; an older version is 204 and ignored
//   POST /drain   gateways: begin to drain → 202
// /status, /map and /drain want `Authorization: Bearer <admin token>`.
struct AdminHooks {
  std::function<std::string()> not_ready;  // empty: ready; else the reason
  std::function<nlohmann::json()> status;
  std::function<base::Status(std::string_view map_json)> put_map;
  std::function<base::Status(const nlohmann::json& request)> drain;  // unset: 404
};

class Admin {
 public:
  using Token = std::function<std::string()>;  // as it is now; asked at each call that wants it
  Admin(boost::asio::any_io_executor executor, const base::Log& log, base::Metrics& metrics, Token token,
        AdminHooks hooks);
  Admin(const Admin&) = delete;  // the server's handler points here
  Admin& operator=(const Admin&) = delete;
  // `secure` as in Server::listen().
  [[nodiscard]] base::Result<std::uint16_t> listen(const base::HostPort& where, const tls::Source* secure = nullptr);
  void started();  // /startupz turns 200
  [[nodiscard]] base::Task<> stop();

 private:
  base::Task<Response> handle(Request request, Peer peer);
  [[nodiscard]] Response answer(const Request& request);
  [[nodiscard]] Response probe(const Request& request, const std::string& path);
  [[nodiscard]] Response put_map(const Request& request);
  [[nodiscard]] Response drain(const Request& request);
  [[nodiscard]] bool authorized(const Request& request) const;
  base::Metrics& metrics_;
  Token token_;
  AdminHooks hooks_;
  bool started_ = false;
  Server server_;
};

}  // namespace chat::io::http
