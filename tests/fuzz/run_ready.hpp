#pragma once
#include <boost/asio/io_context.hpp>

namespace chat::fuzz {

// Runs all that is ready, and what that makes ready, and waits for nothing.
inline void run_ready(boost::asio::io_context& io) {
  io.restart();
  while (io.poll() > 0) io.restart();
}

}  // namespace chat::fuzz
