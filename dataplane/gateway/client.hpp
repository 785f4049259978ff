#pragma once
#include <cstdint>
#include <string_view>

#include "dataplane/base/ulid.hpp"
#include "dataplane/gateway/frame.hpp"

namespace chat::gateway {

using base::Ulid;

// The contract's close codes, and those of RFC 6455 that we use.
enum class CloseCode : std::uint16_t {
  normal = 1000,
  wrong_kind = 1003,
  policy = 1008,
  restart = 1012,
  unauthorized = 4401,
  heartbeat = 4408,
  too_many = 4429,
};

// One connection of a user, as the hub sees it. Calls come on the event loop and never suspend; the hub holds plain
// pointers, so whoever implements this calls Hub::detach before it goes.
class Client {
 public:
  virtual ~Client() = default;
  [[nodiscard]] virtual const Ulid& session_id() const = 0;
  // It gets what comes from now on; its next frame must be `ready`.
  virtual void attached() = 0;
  // The next change of a conversation: each conversation's come in the order of their revs.
  virtual void change(const Ulid& conversation, std::int64_t rev, const Frame& frame) = 0;
  virtual void send(const Frame& frame) = 0;
  // Its user was removed from `conversation`: this frame, and nothing more of it until they are a member again.
  virtual void removed(const Ulid& conversation, const Frame& frame) = 0;
  // It joined `conversation` at `from`, and the hub is elsewhere: what comes after `from` is to be read from the store,
  // and of the live changes only what comes after that is to be sent.
  virtual void catch_up(const Ulid& conversation, std::int64_t from) = 0;
  virtual void close(CloseCode code, std::string_view reason) = 0;
};

}  // namespace chat::gateway
