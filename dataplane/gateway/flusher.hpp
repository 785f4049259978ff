#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <memory>

namespace chat::gateway {

// A connection that has something to write.
class Flushable {
 public:
  virtual ~Flushable() = default;
  virtual void flush() = 0;
};

// Lets connections write once the event loop is through with what it is at, so that what comes to one of them in one
// turn leaves in one system call. With many of them it yields in between: what arrives meanwhile joins what waits.
// One thread.
class Flusher {
 public:
  explicit Flusher(boost::asio::any_io_executor executor);
  ~Flusher();
  Flusher(const Flusher&) = delete;
  Flusher& operator=(const Flusher&) = delete;

  // Once at a time: not again before its flush() was called.
  void add(std::shared_ptr<Flushable> one);

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the turn that is posted
};

}  // namespace chat::gateway
