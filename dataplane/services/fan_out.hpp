#pragma once
#include <functional>

#include "dataplane/base/log.hpp"
#include "dataplane/base/metrics.hpp"
#include "dataplane/ports/bus.hpp"
#include "dataplane/protocol/convert.hpp"

namespace chat::services {

// Tells people who are online: an event goes to the bus, and where the bus fails, to every gateway over its own stream
// (I12). Both may lose it; gateways heal that by rev and heads (I4). On the executor's thread.
class FanOut {
 public:
  // Sends to all gateways that are connected; `payload` is a pb::Push.
  using PushToAll = std::function<void(const std::string& payload)>;
  FanOut(ports::Publisher& publisher, base::Metrics& metrics, PushToAll push_to_all);

  // To the members' own channels where they are known (conversations of up to kMembersPublishedSingly), else to the
  // conversation's; and to `subjects`, once each.
  void publish(const pb::BusEvent& event, const base::Ulid& conversation, const std::vector<base::Ulid>& members,
               const std::vector<base::Ulid>& subjects = {});

 private:
  ports::Publisher& publisher_;
  PushToAll push_to_all_;
  prometheus::Counter& published_;
  prometheus::Counter& failures_;
};

}  // namespace chat::services
