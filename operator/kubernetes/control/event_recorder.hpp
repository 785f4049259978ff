#pragma once
#include "dataplane/base/log.hpp"
#include "operator/kubernetes/client/client.hpp"
#include "operator/kubernetes/control/event_series.hpp"

namespace chatop::kubernetes {

// Writes Events beside the work, one at a time. An Event that can not be written is lost: nothing depends on it.
class EventRecorder {
 public:
  EventRecorder(Client& client, const chat::base::Clock& clock, boost::asio::any_io_executor executor,
                std::string instance, const chat::base::Log& log);

  void record(const Happening& happening);
  // Until stop(). Belongs into a TaskGroup that is awaited before this goes.
  chat::base::Task<> run();
  void stop();
  [[nodiscard]] std::uint64_t dropped() const { return series_.dropped(); }

 private:
  chat::base::Task<> write(EventWrite event);

  Client& client_;
  const chat::base::Clock& clock_;
  boost::asio::steady_timer timer_;
  const chat::base::Log& log_;
  EventSeries series_;
  bool stopping_ = false;
};

}  // namespace chatop::kubernetes
