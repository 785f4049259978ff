#include "dataplane/rest/resources.hpp"

namespace chat::rest {
namespace {

using io::http::verb;

Answer plain(std::string text) {
  Answer answer;
  answer.bytes = std::move(text);
  answer.content_type = "text/plain; charset=utf-8";
  return answer;
}

Task<Result<Answer>> alive(Resources&, Call&) { co_return plain("ok\n"); }

Task<Result<Answer>> ready(Resources& resources, Call&) {
  // The reason names machines: it is told on the admin port only.
  if (!resources.not_ready().empty())
    co_return base::fail(domain::Errc::unavailable, "not ready", std::chrono::seconds(1));
  co_return plain("ok\n");
}

}  // namespace

void add_health(Routes& routes, Resources& resources) {
  routes.push_back({verb::get,
                    "/livez",
                    "alive",
                    "The process turns",
                    Access::open,
                    "",
                    {},
                    {{status::ok, "It does", "Plain"}},
                    {},
                    [&resources](Call& call) { return alive(resources, call); }});
  routes.push_back({verb::get,
                    "/readyz",
                    "ready",
                    "The process can serve",
                    Access::open,
                    "",
                    {},
                    {{status::ok, "It can", "Plain"}},
                    {},
                    [&resources](Call& call) { return ready(resources, call); }});
  // This port only listens once everything has started.
  routes.push_back({verb::get,
                    "/startupz",
                    "started",
                    "The process has started",
                    Access::open,
                    "",
                    {},
                    {{status::ok, "It has", "Plain"}},
                    {},
                    [&resources](Call& call) { return alive(resources, call); }});
}

}  // namespace chat::rest
