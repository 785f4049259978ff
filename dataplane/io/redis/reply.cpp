#include "dataplane/io/redis/reply.hpp"

#include <hiredis/hiredis.h>

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

}  // namespace

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
