#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "dataplane/base/task.hpp"
#include "operator/kubernetes/client/api_error.hpp"

namespace chatop::kubernetes {

// One request and its answer between two worlds: a thread of the HTTP library brings in the head, bytes and the end;
// the loop waits for them. Made and awaited on the loop; what begins with `on_` comes from any thread.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  // `most_bytes`: a whole answer beyond it is refused; a stream that has more unread lets its sender wait.
  Exchange(boost::asio::any_io_executor executor, std::size_t most_bytes, bool stream);

  void on_head(int status, std::string retry_after);
  enum class Taken { yes, wait, refuse };
  // `wait`: taken, but the next bytes only once `go_on` was called; `refuse`: the bound of a whole answer is passed.
  Taken on_bytes(std::string bytes, std::function<void()> go_on);
  void on_end(std::optional<std::string> problem);

  // How to end it from this side; called at most once, on the loop's thread or in cancel().
  void set_abort(std::function<void()> abort);
  void cancel();

  struct Head {
    int status = 0;
    std::string retry_after;
  };
  chat::base::Task<chat::base::Result<Head>> head(std::chrono::steady_clock::time_point deadline);
  // The whole body.
  chat::base::Task<chat::base::Result<std::string>> body(std::chrono::steady_clock::time_point deadline);
  // What has come; empty: the end.
  chat::base::Task<chat::base::Result<std::string>> read();

 private:
  void wake();
  [[nodiscard]] chat::base::Error broken() const;  // with the mutex held
  // With the mutex free again: lets a sender that waits go on.
  [[nodiscard]] std::string take_bytes();

  boost::asio::any_io_executor executor_;
  boost::asio::steady_timer timer_;  // of the loop; cancelled by wake()
  std::size_t most_bytes_;
  bool stream_;

  std::mutex mutex_;  // guards what is below
  std::optional<Head> head_;
  std::string bytes_;
  std::function<void()> go_on_;
  std::function<void()> abort_;
  bool too_large_ = false;
  bool cancelled_ = false;
  bool ended_ = false;
  std::optional<std::string> problem_;
};

}  // namespace chatop::kubernetes
