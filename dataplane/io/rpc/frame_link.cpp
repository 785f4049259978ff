#include "dataplane/io/rpc/frame_link.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/endian/conversion.hpp>
#include <cstring>

#include "dataplane/io/rpc/channel.hpp"

namespace chat::io::rpc {
namespace {

constexpr std::size_t kCallBytes = 8;
constexpr std::size_t kKeptCapacity = 256 * 1024;  // of a buffer between bursts

template <class Int>
void append_big(std::string& out, Int value) {
  boost::endian::native_to_big_inplace(value);
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

}  // namespace

FrameLink::FrameLink(tls::Stream stream, std::function<void()> on_drained)
    : stream_(std::move(stream)), on_drained_(std::move(on_drained)) {}

// Copied into one buffer: for the many small frames of a turn that is cheaper than a list of buffers.
void FrameLink::send(std::uint64_t call, std::string_view payload) {
  if (!is_open()) return;
  append_big(queued_, static_cast<std::uint32_t>(kCallBytes + payload.size()));
  append_big(queued_, call);
  queued_.append(payload);
  if (flush_posted_ || !writing_.empty()) return;
  flush_posted_ = true;
  boost::asio::post(stream_.get_executor(), [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->flush();
  });
}

void FrameLink::flush() {
  if (!is_open() || !writing_.empty()) return;
  if (queued_.empty()) {
    if (on_drained_) on_drained_();
    return;
  }
  std::swap(queued_, writing_);
  boost::asio::async_write(stream_, boost::asio::buffer(writing_),
                           [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                             self->writing_.clear();
                             if (self->writing_.capacity() > kKeptCapacity) self->writing_.shrink_to_fit();
                             if (error) return self->close(error.message());
                             self->flush();
                           });
}

base::Task<std::string> FrameLink::run(OnFrame on_frame) {
  auto self = shared_from_this();
  const FrameReader::OnFrame while_open = [this, &on_frame](std::uint64_t call, std::string_view payload) {
    on_frame(call, payload);
    return is_open();
  };
  while (is_open()) {
    const auto space = reader_.space();
    boost::system::error_code error;
    auto got = co_await stream_.async_read_some(boost::asio::buffer(space.data(), space.size()),
                                                boost::asio::redirect_error(boost::asio::use_awaitable, error));
    if (error) {
      close(error.message());
      break;
    }
    if (!is_open()) break;
    if (auto wrong = reader_.take(got, while_open); !wrong.empty()) close(std::move(wrong));
  }
  co_return reason_;
}

void FrameLink::end_sending() {
  boost::system::error_code ignored;
  stream_.end_sending(ignored);
}

void FrameLink::close(std::string reason) {
  if (!is_open()) return;
  reason_ = std::move(reason);
  boost::system::error_code ignored;
  stream_.socket().close(ignored);
}

}  // namespace chat::io::rpc
