#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "dataplane/base/result.hpp"
#include "dataplane/io/redis/client.hpp"

struct redisReader;
struct redisReply;

namespace chat::io::redis {

struct FreeReader {
  void operator()(redisReader* reader) const;
};
using Reader = std::unique_ptr<redisReader, FreeReader>;

// hiredis' reader, but it believes no length: an array of more than kMostElements ends the stream as REDIS_ERR_OOM
// does.
inline constexpr std::size_t kMostElements = 100'000;
[[nodiscard]] Reader make_reader();

// What makes up one reply and was not read to its end; more ends the connection.
inline constexpr std::size_t kMostReplyBytes = 64 * 1024 * 1024;
// False where `bytes` can not be part of any reply of ours; reason_of() says why.
[[nodiscard]] bool feed(redisReader& reader, std::string_view bytes);
[[nodiscard]] std::string reason_of(const redisReader& reader);

// A copy of hiredis' reply; a server's error becomes Errc::error_reply.
[[nodiscard]] base::Result<Reply> copy_reply(const redisReply& reply);

}  // namespace chat::io::redis
