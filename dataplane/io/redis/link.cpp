#include "dataplane/io/redis/link.hpp"

#include <hiredis/hiredis.h>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <new>

namespace chat::io::redis {
namespace {

constexpr std::size_t kKeptCapacity = 256 * 1024;  // of a write buffer between bursts
constexpr std::size_t kFirstChunk = 2 * 1024;      // an operator has a connection to the Redis of each ChatCluster
constexpr std::size_t kLeastChunk = 16 * 1024;
constexpr std::size_t kMostChunk = 256 * 1024;

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

// A command is an array of strings, each behind its length: *2 $4 PING …
void append_count(std::string& out, char kind, std::size_t count) {
  char digits[24];
  out += kind;
  out.append(digits, std::to_chars(digits, digits + sizeof digits, count).ptr);
  out += "\r\n";
}

}  // namespace

Link::Link(tls::Stream stream) : stream_(std::move(stream)), reader_(make_reader()), chunk_(kFirstChunk) {}

Link::~Link() = default;

void Link::send(std::span<const std::string_view> arguments) {
  if (!is_open()) return;
  append_count(queued_, '*', arguments.size());
  for (auto argument : arguments) {
    append_count(queued_, '$', argument.size());
    queued_.append(argument);
    queued_ += "\r\n";
  }
  if (flush_posted_ || !writing_.empty()) return;
  flush_posted_ = true;
  boost::asio::post(stream_.get_executor(), [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->flush();
  });
}

void Link::flush() {
  if (!is_open() || !writing_.empty() || queued_.empty()) return;
  std::swap(queued_, writing_);
  boost::asio::async_write(stream_, boost::asio::buffer(writing_),
                           [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                             self->writing_.clear();
                             if (self->writing_.capacity() > kKeptCapacity) self->writing_.shrink_to_fit();
                             if (error) return self->close(error.message());
                             self->flush();
                           });
}

base::Task<std::string> Link::run(OnReply on_reply) {
  auto self = shared_from_this();
  while (is_open()) {
    boost::system::error_code error;
    auto read = co_await stream_.async_read_some(boost::asio::buffer(chunk_),
                                                 boost::asio::redirect_error(boost::asio::use_awaitable, error));
    if (error) {
      close(error.message());
    } else if (!feed(*reader_, {chunk_.data(), read})) {
      close(reason_of(*reader_));
    } else {
      take_replies(on_reply);
      fit_chunk(read);
    }
  }
  co_return reason_;
}

// A loop with many busy sockets comes to this one once a turn: what it takes then must keep pace with what the others
// bring, or a subscriber falls behind without bound while its process has all the time it needs.
void Link::fit_chunk(std::size_t read) {
  if (read == chunk_.size() && read < kMostChunk) {
    chunk_.resize(read * 2);
  } else if (read < chunk_.size() / 8 && chunk_.size() > kLeastChunk) {
    chunk_.resize(chunk_.size() / 2);
    chunk_.shrink_to_fit();
  }
}

void Link::take_replies(const OnReply& on_reply) {
  while (is_open()) {
    void* raw = nullptr;
    if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK) return close(reason_of(*reader_));
    if (raw == nullptr) return;
    std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(raw));
    on_reply(*reply);
  }
}

void Link::close(std::string reason) {
  if (!is_open()) return;
  reason_ = std::move(reason);
  boost::system::error_code ignored;
  stream_.socket().close(ignored);
}

}  // namespace chat::io::redis
