#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/base/json.hpp"
#include "dataplane/base/task.hpp"
#include "dataplane/base/ulid.hpp"
#include "dataplane/domain/errors.hpp"
#include "dataplane/domain/limits.hpp"
#include "dataplane/io/http/message.hpp"
#include "dataplane/ports/tokens.hpp"

namespace chat::rest {

using base::Json;
using base::Result;
using base::Task;
using base::Ulid;
using io::http::status;

// What a handler answers; failures are errors instead and become problem documents.
struct Answer {
  status code = status::ok;
  Json body;  // null: no body, unless `bytes` has one
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<std::string> bytes;  // something else than JSON
  std::string content_type = "application/json";
};

// One request on its way through the API, as handlers see it: identified, limited, its body parsed.
struct Call {
  explicit Call(const io::http::Request& the_request) : request(the_request) {}

  const io::http::Request& request;
  io::http::Target target;
  std::map<std::string, std::string, std::less<>> path;  // the parameters of the route's path
  Json body;                                             // an object where the route takes a body, else null
  std::optional<ports::Identity> identity;               // set where the route wants a bearer token
  std::string address;                                   // services::limit_key() of the client
  std::string trace_id;
  domain::Limits limits;  // a copy: the map may change while the call waits
  bool vip = false;

  [[nodiscard]] Ulid user() const { return identity.value().user_id; }
  [[nodiscard]] std::int64_t limit_factor() const { return vip ? limits.vip_factor : 1; }
  // A path parameter that must be a ULID: bad_request naming it.
  [[nodiscard]] Result<Ulid> id(std::string_view name) const;
  // A whole number of the query within [least, most]: bad_request naming it, never clamped.
  [[nodiscard]] Result<std::optional<std::int64_t>> query_number(std::string_view name, std::int64_t least,
                                                                 std::int64_t most) const;
  [[nodiscard]] std::optional<std::string> query_text(std::string_view name) const;
  [[nodiscard]] std::string_view header(std::string_view name) const;
  [[nodiscard]] std::optional<std::string> cookie(std::string_view name) const;
};

using Handler = std::function<Task<Result<Answer>>(Call& call)>;

[[nodiscard]] inline auto bad_request(std::string why) { return base::fail(domain::Errc::bad_request, std::move(why)); }

}  // namespace chat::rest
