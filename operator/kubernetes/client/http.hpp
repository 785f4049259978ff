#pragma once
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/task.hpp"
#include "operator/kubernetes/client/api_error.hpp"

namespace chatop::kubernetes {

struct Request {
  std::string method;  // GET, POST, PUT, PATCH, DELETE
  std::string target;  // path and query, escaped
  std::string content_type;
  std::string body;
  chat::base::SteadyTime deadline;             // of the whole answer; of a stream: of its head
  std::size_t most_bytes = 32U * 1024 * 1024;  // of the answer's body; of a stream: of what waits unread
};

struct Response {
  int status = 0;
  std::string body;
  std::string retry_after;  // the header as it came
};

// A body that is read while it comes. Destroying it closes its connection.
class Stream {
 public:
  virtual ~Stream() = default;
  // The next bytes; empty: the server ended it. At most one read at a time.
  virtual chat::base::Task<chat::base::Result<std::string>> read() = 0;
  // A read in progress fails soon, and each later one.
  virtual void cancel() = 0;
};

// The wire to the API server. Errors are ApiErrc::unreachable and malformed (a body beyond its bound); an answer of any
// status is an answer. One thread: everything is called and resumed on the loop's.
class Http {
 public:
  virtual ~Http() = default;
  virtual chat::base::Task<chat::base::Result<Response>> send(Request request) = 0;
  // A connection of its own. Fails with what the answer says (error_of_answer) unless its status is 200. `idle`: the
  // stream fails when nothing comes for so long; a peer whose machine is gone is noticed within 30 s.
  virtual chat::base::Task<chat::base::Result<std::unique_ptr<Stream>>> open(Request request,
                                                                             std::chrono::seconds idle) = 0;
  // The server did not know us: the next request reads the token again.
  virtual void refresh_token() {}
};

}  // namespace chatop::kubernetes
