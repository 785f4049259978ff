#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <optional>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/config.hpp"
#include "dataplane/base/task.hpp"

namespace chat::base {

enum class TcpErrc { resolve = 1, connect, timeout, listen };
std::error_code make_error_code(TcpErrc code);

// A connected socket with TCP_NODELAY, keep-alive and TCP_USER_TIMEOUT: a peer that has gone without a word is noticed
// within about 10 s also by connections that never write. Numeric addresses need no resolver. Ends by `deadline`.
[[nodiscard]] Task<Result<boost::asio::ip::tcp::socket>> connect_tcp(HostPort where, SteadyTime deadline);

// A listening socket (SO_REUSEADDR, close-on-exec); port 0 takes a free one. `reuse_port`: several processes share it.
[[nodiscard]] Result<boost::asio::ip::tcp::acceptor> listen_tcp(const boost::asio::any_io_executor& executor,
                                                                const HostPort& where, bool reuse_port);

// How often, and when last, a connection could not be taken because the process had no file left for it.
struct FileShortage {
  std::uint64_t times = 0;
  SteadyTime last{};
};

// The next connection, with the options of connect_tcp; nullopt when the acceptor was closed. While the process is out
// of files or memory it tries again every 50 ms, which `shortage` counts: connections wait in the kernel's backlog
// meanwhile.
[[nodiscard]] Task<std::optional<boost::asio::ip::tcp::socket>> accept_tcp(boost::asio::ip::tcp::acceptor& acceptor,
                                                                           FileShortage* shortage = nullptr);

}  // namespace chat::base

template <>
struct std::is_error_code_enum<chat::base::TcpErrc> : std::true_type {};
