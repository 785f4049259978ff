#include "dataplane/io/http/problem.hpp"

#include <boost/beast/http/status.hpp>
#include <nlohmann/json.hpp>

namespace chat::io::http {

Response problem(status code, std::string_view error_code, std::string_view detail) {
  nlohmann::json body{{"type", "about:blank"},
                      {"title", std::string(boost::beast::http::obsolete_reason(code))},
                      {"status", static_cast<int>(code)},
                      {"code", error_code},
                      {"detail", detail}};
  Response response(code, 11);
  response.set(field::content_type, "application/problem+json");
  // `detail` can quote what a client sent: bytes that are no UTF-8 are replaced, not thrown about.
  response.body() = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  response.prepare_payload();
  return response;
}

}  // namespace chat::io::http
