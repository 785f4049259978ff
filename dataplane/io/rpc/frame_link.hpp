#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "dataplane/base/task.hpp"
#include "dataplane/io/rpc/frame_reader.hpp"
#include "dataplane/io/tls/stream.hpp"

namespace chat::io::rpc {

// One connection that carries frames, from connected to closed. One thread. Shared, because reads and writes in
// flight keep it. It bounds what it reads (kMaxFrameBytes); who sends looks at queued_bytes().
class FrameLink : public std::enable_shared_from_this<FrameLink> {
 public:
  using OnFrame = std::function<void(std::uint64_t call, std::string_view payload)>;  // may call close()

  explicit FrameLink(tls::Stream stream, std::function<void()> on_drained = {});

  // Frames of one turn of the loop leave in one write, in order. Dropped when the link is closed.
  void send(std::uint64_t call, std::string_view payload);
  [[nodiscard]] std::size_t queued_bytes() const { return queued_.size() + writing_.size(); }
  // Reads until the link is closed, by either side, and says why. Once.
  [[nodiscard]] base::Task<std::string> run(OnFrame on_frame);
  void end_sending();  // the other side reads to the end, then sees the connection close
  void close(std::string reason);
  [[nodiscard]] bool is_open() const { return stream_.socket().is_open(); }

 private:
  void flush();

  tls::Stream stream_;
  std::function<void()> on_drained_;  // everything queued was written
  FrameReader reader_;
  std::string queued_;
  std::string writing_;
  bool flush_posted_ = false;
  std::string reason_;
};

}  // namespace chat::io::rpc
