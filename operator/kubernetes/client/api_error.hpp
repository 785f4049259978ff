#pragma once
#include <optional>
#include <string_view>

#include "dataplane/base/result.hpp"

namespace chatop::kubernetes {

// How a call to the API server can fail, named by what has to happen next.
enum class ApiErrc {
  unreachable = 1,  // no answer: whether a write happened is not known
  unauthorized,     // it does not know us
  forbidden,        // it knows us and says no (a role is missing, a quota is full)
  not_found,
  conflict,   // somebody was faster: read again
  gone,       // the resourceVersion or the list's position is too old: begin again
  invalid,    // the request itself: its message is the server's sentence
  throttled,  // later; the error's retry_after says when, where the server said so
  server,     // its fault; may pass
  malformed,  // an answer that is not what the API promises, or larger than its bound
  fenced      // a write that was not begun: this process may not write any more
};
std::error_code make_error_code(ApiErrc code);

// The error that an answer of status ≥ 300 is; `body` is a Kubernetes Status, or whatever a proxy on the way wrote.
[[nodiscard]] chat::base::Error error_of_answer(int status, std::string_view body, std::string_view retry_after);

// What a call may do when it is sent again although the first one may have happened.
enum class Repeat { safe, unsafe };

// How long to wait before the next attempt (the first wait is about half a second, the longest 10 s, never less than
// the server asked for); nullopt: trying again does not help, or could do it twice. `jitter` is in [0,1).
[[nodiscard]] std::optional<std::chrono::milliseconds> wait_before_retry(const chat::base::Error& error, Repeat repeat,
                                                                         unsigned attempt, double jitter);

}  // namespace chatop::kubernetes

template <>
struct std::is_error_code_enum<chatop::kubernetes::ApiErrc> : std::true_type {};
