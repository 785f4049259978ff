#include "dataplane/rest/resources.hpp"

namespace chat::rest {
namespace {

using io::http::verb;

// Loads change: a client that waits longer than this should ask again.
constexpr int kGoodForSeconds = 30;

Task<Result<Answer>> connect(Resources& resources, Call&) {
  auto choice = resources.gateways.choose(resources.clock.steady());
  if (!choice) co_return base::fail(std::move(choice).error());
  Answer answer;
  answer.body = {{"ws_url", choice->url}, {"gateway", choice->name}, {"expires_in", kGoodForSeconds}};
  co_return answer;
}

}  // namespace

void add_connect(Routes& routes, Resources& resources) {
  routes.push_back({verb::post,
                    "/v1/connect",
                    "connect",
                    "Where to open the WebSocket: the least-loaded gateway",
                    Access::bearer,
                    "",
                    {},
                    {{status::ok, "The gateway", "Connect"}},
                    {},
                    [&resources](Call& call) { return connect(resources, call); }});
}

}  // namespace chat::rest
