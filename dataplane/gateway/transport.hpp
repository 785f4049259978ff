#pragma once
#include "dataplane/gateway/client.hpp"

namespace chat::gateway {

// The socket's side of a connection, as its session sees it.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual void send(const Frame& frame) = 0;
  // Sends what is queued, then the close frame; the socket is cut when that takes too long.
  virtual void close(CloseCode code, std::string_view reason) = 0;
  [[nodiscard]] virtual bool crowded() const = 0;
  [[nodiscard]] virtual bool half_full() const = 0;
};

}  // namespace chat::gateway
