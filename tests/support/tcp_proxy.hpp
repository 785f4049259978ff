#pragma once
#include <atomic>
#include <cstdint>
#include <memory>

namespace chat::testing {

// Stands between a client and a server of 127.0.0.1 and does to their connections what networks do. On a thread of its
// own; every call may come from any thread.
class TcpProxy {
 public:
  explicit TcpProxy(std::uint16_t target);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  // Ends all connections there are.
  void cut();
  // Takes new connections and ends them at once, or no more.
  void refuse(bool on);
  // Ends all connections once the server has sent so many more bytes, and refuses from then on.
  void cut_after(std::size_t bytes);
  [[nodiscard]] std::size_t connections() const;  // that were let through, ever

 private:
  struct Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace chat::testing
