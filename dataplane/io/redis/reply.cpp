#include "dataplane/io/redis/reply.hpp"

#include <hiredis/hiredis.h>

#include <new>

namespace chat::io::redis {
namespace {

class RedisCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "redis"; }
  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<Errc>(code)) {
      case Errc::not_connected:
        return "not connected";
      case Errc::timeout:
        return "no answer in time";
      case Errc::error_reply:
        return "refused by the server";
      case Errc::full:
        break;
    }
    return "too many commands are waiting";
  }
};

// hiredis refuses replies nested deeper than 7 levels, which bounds the recursion.
Reply copied(const redisReply& from) {
  Reply to;
  switch (from.type) {
    case REDIS_REPLY_INTEGER:
      to.kind = Reply::Kind::integer;
      to.integer = from.integer;
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:  // inside an array: of one command of a transaction
      to.kind = Reply::Kind::string;
      to.string.assign(from.str, static_cast<std::size_t>(from.len));
      break;
    case REDIS_REPLY_ARRAY:
      to.kind = Reply::Kind::array;
      to.array.reserve(from.elements);
      for (std::size_t i = 0; i < from.elements; ++i) to.array.push_back(copied(*from.element[i]));
      break;
    default:
      break;
  }
  return to;
}

// The reader with which hiredis works by itself tells what its functions are.
const redisReplyObjectFunctions& theirs() {
  static const redisReplyObjectFunctions functions = *Reader(redisReaderCreate())->fn;
  return functions;
}

// It would make room for as many elements as are announced: 16 GB for *2147483647, before any has come.
template <class Count>
void* bounded_array(const redisReadTask* task, Count elements) {
  if (static_cast<std::size_t>(elements) > kMostElements) return nullptr;
  return theirs().createArray(task, elements);
}

}  // namespace

void FreeReader::operator()(redisReader* reader) const { redisReaderFree(reader); }

Reader make_reader() {
  static redisReplyObjectFunctions ours = [] {
    redisReplyObjectFunctions functions = theirs();
    functions.createArray = bounded_array;
    return functions;
  }();
  Reader reader(redisReaderCreate());
  if (!reader) throw std::bad_alloc();
  reader->fn = &ours;
  return reader;
}

bool feed(redisReader& reader, std::string_view bytes) {
  if (reader.len - reader.pos > kMostReplyBytes) return false;
  return redisReaderFeed(&reader, bytes.data(), bytes.size()) == REDIS_OK;
}

std::string reason_of(const redisReader& reader) {
  return reader.err == REDIS_ERR_PROTOCOL ? reader.errstr : "a reply larger than any of ours";
}

std::error_code make_error_code(Errc code) {
  static const RedisCategory category;
  return {static_cast<int>(code), category};
}

base::Result<Reply> copy_reply(const redisReply& reply) {
  if (reply.type == REDIS_REPLY_ERROR)
    return base::fail(Errc::error_reply, std::string(reply.str, static_cast<std::size_t>(reply.len)));
  return copied(reply);
}

}  // namespace chat::io::redis
