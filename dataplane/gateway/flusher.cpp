#include "dataplane/gateway/flusher.hpp"

#include <boost/asio/post.hpp>
#include <deque>
#include <utility>

namespace chat::gateway {
namespace {

constexpr std::size_t kAtOnce = 64;  // about half a millisecond of system calls

}  // namespace

struct Flusher::State : std::enable_shared_from_this<State> {
  explicit State(boost::asio::any_io_executor its_executor) : executor(std::move(its_executor)) {}

  void post() {
    boost::asio::post(executor, [self = shared_from_this()] { self->turn(); });
  }
  void turn() {
    for (std::size_t i = 0; i < kAtOnce && !waiting.empty(); ++i) {
      const auto one = std::move(waiting.front());
      waiting.pop_front();  // before it flushes: it may be added again meanwhile
      one->flush();
    }
    if (waiting.empty()) {
      posted = false;
    } else {
      post();
    }
  }

  boost::asio::any_io_executor executor;
  std::deque<std::shared_ptr<Flushable>> waiting;
  bool posted = false;
};

Flusher::Flusher(boost::asio::any_io_executor executor) : state_(std::make_shared<State>(std::move(executor))) {}

Flusher::~Flusher() { state_->waiting.clear(); }

void Flusher::add(std::shared_ptr<Flushable> one) {
  state_->waiting.push_back(std::move(one));
  if (!std::exchange(state_->posted, true)) state_->post();
}

}  // namespace chat::gateway
