#include "operator/kubernetes/control/event_recorder.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::Task;

const Kind kEvent{"events.k8s.io", "v1", "events", "Event", true};

}  // namespace

EventRecorder::EventRecorder(Client& client, const chat::base::Clock& clock, boost::asio::any_io_executor executor,
                             std::string instance, const chat::base::Log& log)
    : client_(client),
      clock_(clock),
      timer_(std::move(executor)),
      log_(log),
      series_("chatcluster.io/chat-operator", std::move(instance), {}) {}

void EventRecorder::record(const Happening& happening) {
  series_.add(happening, clock_.now_milliseconds());
  timer_.cancel();
}

void EventRecorder::stop() {
  stopping_ = true;
  timer_.cancel();
}

Task<> EventRecorder::run() {
  while (!stopping_) {
    auto now = clock_.now_milliseconds();
    if (auto event = series_.take(now)) {
      co_await write(std::move(*event));
      continue;
    }
    auto next = series_.next();
    co_await chat::base::sleep_until(
        timer_, next ? clock_.steady() + std::chrono::milliseconds(*next - now) : chat::base::SteadyTime::max());
  }
}

Task<> EventRecorder::write(EventWrite event) {
  ObjectRef place{kEvent, event.name_space, event.name};
  chat::base::Result<chat::base::Json> written;
  if (event.create)
    written = co_await client_.create(place, std::move(event.body));
  else
    written = co_await client_.merge(place, std::move(event.body), "");
  if (written) co_return;
  // The API server forgets Events after an hour.
  series_.forget(event.name);
  log_.info("event_lost", {{"event", event.name}, {"what", written.error().message}});
}

}  // namespace chatop::kubernetes
