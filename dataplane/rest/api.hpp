#pragma once
#include "dataplane/base/log.hpp"
#include "dataplane/base/metrics.hpp"
#include "dataplane/domain/cluster_map.hpp"
#include "dataplane/io/http/server.hpp"
#include "dataplane/ports/presence.hpp"
#include "dataplane/rest/origin.hpp"
#include "dataplane/rest/resources.hpp"
#include "dataplane/rest/web_files.hpp"

namespace chat::rest {

// The REST API on io/http: every request goes through the same steps (whose it is, limits, Origin, route, token, body),
// then to its handler, and every answer gets the same headers, metrics and log line. Serves the web client for what is
// not a call. One thread; stop() before it is destroyed.
class Api {
 public:
  struct Parts {
    Resources resources;
    ports::RateLimiter& limiter;
    const ports::TokenVerifier& verifier;
    const domain::Router& map;  // limits are read from it for each request
    const base::Log& log;
    base::Metrics& metrics;
  };
  struct Options {
    std::string public_url;
    std::vector<std::string> allowed_origins;
    std::filesystem::path web_dir;
    std::string version;
  };
  Api(boost::asio::any_io_executor executor, Parts parts, Options options);
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  // `secure` as in io::http::Server.
  [[nodiscard]] Result<std::uint16_t> listen(const base::HostPort& where, bool reuse_port,
                                             const io::tls::Source* secure = nullptr);
  // Accepts no more, finishes what is under way.
  [[nodiscard]] Task<> stop(std::chrono::milliseconds grace);
  [[nodiscard]] const Routes& routes() const { return routes_; }

 private:
  Task<io::http::Response> handle(io::http::Request request, io::http::Peer peer);
  Task<Result<Answer>> answer(Call& call, const Route*& route);
  Task<base::Status> within_limit(std::string key, std::int64_t per_minute, std::string_view whose);
  Task<Result<Answer>> document();
  Task<Result<Answer>> file(Call& call);
  Task<base::Status> admit(Call& call, const Route& route);
  [[nodiscard]] base::Status check_origin(const Call& call) const;
  [[nodiscard]] io::http::Response render(const Call& call, Answer answer) const;
  void record(const Call& call, const Route* route, status code, std::chrono::duration<double> took);
  Routes make_routes();

  Parts parts_;
  Options options_;
  OriginRules origins_;
  WebFiles web_;
  Routes routes_;
  Router router_;  // points into routes_
  std::string openapi_;
  bool serving_ = false;
  io::http::Server server_;
};

}  // namespace chat::rest
