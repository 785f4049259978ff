#include "dataplane/rest/problem.hpp"

#include <algorithm>

namespace chat::rest {

status status_of(domain::Errc code) {
  switch (code) {
    case domain::Errc::bad_request:
      return status::bad_request;
    case domain::Errc::unauthorized:
      return status::unauthorized;
    case domain::Errc::forbidden:
    case domain::Errc::blocked:
      return status::forbidden;
    case domain::Errc::not_found:
      return status::not_found;
    case domain::Errc::conflict:
      return status::conflict;
    case domain::Errc::too_large:
      return status::payload_too_large;
    case domain::Errc::rate_limited:
      return status::too_many_requests;
    case domain::Errc::moderated:
      return status::unprocessable_entity;
    case domain::Errc::unavailable:
      break;
  }
  return status::service_unavailable;
}

Answer problem(const base::Error& error, std::string_view trace_id) {
  return problem(status_of(domain::errc_for_client(error)), error, trace_id);
}

Answer problem(status code, const base::Error& error, std::string_view trace_id) {
  const base::Error shown = domain::for_client(error);
  const auto title = boost::beast::http::obsolete_reason(code);
  Answer answer;
  answer.code = code;
  answer.content_type = "application/problem+json";
  answer.body = {{"type", "about:blank"},
                 {"title", std::string(title.data(), title.size())},
                 {"status", static_cast<int>(code)},
                 {"detail", shown.message},
                 {"code", std::string(domain::name(domain::errc_for_client(shown)))},
                 {"trace_id", std::string(trace_id)}};
  if (code == status::too_many_requests || code == status::service_unavailable) {
    const auto wait = std::max<std::int64_t>(shown.retry_after.count(), 1);
    answer.body["retry_after_ms"] = wait;
    answer.headers.emplace_back("Retry-After", std::to_string((wait + 999) / 1000));
  }
  if (code == status::unauthorized) answer.headers.emplace_back("WWW-Authenticate", "Bearer");
  return answer;
}

}  // namespace chat::rest
