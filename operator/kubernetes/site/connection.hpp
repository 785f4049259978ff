#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "operator/kubernetes/client/client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <exception>

namespace chatop::kubernetes {

inline chat::base::Json keep_all(chat::base::Json object) { return object; }

// The API server as a command asks it: a call runs to its end before the next. One thread.
class Connection {
 public:
  using MakeHttp = std::function<std::unique_ptr<Http>(boost::asio::any_io_executor, const chat::base::Clock&)>;
  Connection(const MakeHttp& make_http, Client::Options options)
      : http_(make_http(io_.get_executor(), clock_)), client_(*http_, clock_, io_.get_executor(), std::move(options)) {}

  // Whatever else was begun here goes on meanwhile. The task has a deadline of its own.
  template <class T>
  T run(chat::base::Task<T> task) {
    std::optional<T> value;
    std::exception_ptr thrown;
    bool done = false;
    auto keep = [](chat::base::Task<T> inner, std::optional<T>& kept) -> chat::base::Task<> {
      kept.emplace(co_await std::move(inner));
    };
    boost::asio::co_spawn(io_, keep(std::move(task), value), [&thrown, &done](std::exception_ptr its) {
      thrown = std::move(its);
      done = true;
    });
    if (io_.stopped()) io_.restart();
    while (!done && io_.run_one() > 0) {
    }
    if (thrown) std::rethrow_exception(thrown);
    return std::move(value).value();
  }

  Client& client() { return client_; }
  boost::asio::io_context& io() { return io_; }
  const chat::base::Clock& clock() const { return clock_; }

 private:
  boost::asio::io_context io_;
  chat::base::SystemClock clock_;
  std::unique_ptr<Http> http_;
  Client client_;
};

}  // namespace chatop::kubernetes
