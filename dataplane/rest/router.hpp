#pragma once
#include <string>
#include <variant>
#include <vector>

#include "dataplane/rest/call.hpp"

namespace chat::rest {

enum class Access { open, bearer };

struct QueryParameter {
  std::string name;
  std::string description;
  Json schema;
  bool required = false;
};
struct Documented {
  status code = status::ok;
  std::string description;
  std::string schema;  // under components/schemas; empty: no body
};

// One call of the API: what serves it and what documents it are the same entry.
struct Route {
  io::http::verb method = io::http::verb::get;
  std::string path;  // /v1/users/{user_id}
  std::string operation;
  std::string summary;
  Access access = Access::bearer;
  std::string request_schema;  // empty: takes no body
  std::vector<QueryParameter> query;
  std::vector<Documented> answers;
  std::vector<domain::Errc> errors;  // beside those every call of its kind can answer, see documented_errors()
  Handler handler;
};
using Routes = std::vector<Route>;

// Statuses of problems that this route can answer, sorted.
[[nodiscard]] std::vector<status> documented_errors(const Route& route);

struct Match {
  const Route* route = nullptr;
  std::map<std::string, std::string, std::less<>> parameters;
};
struct WrongMethod {
  std::string allow;  // for the Allow header
};
struct NoMatch {};

// Pure. A literal segment goes before a parameter (/v1/users/me before /v1/users/{user_id}); HEAD is served as GET.
class Router {
 public:
  explicit Router(const Routes& routes);
  [[nodiscard]] std::variant<Match, WrongMethod, NoMatch> match(io::http::verb method, std::string_view path) const;

 private:
  struct Entry {
    const Route* route;
    std::vector<std::string> segments;
    std::size_t parameters = 0;
  };
  std::vector<Entry> entries_;  // fewest parameters first
};

}  // namespace chat::rest
