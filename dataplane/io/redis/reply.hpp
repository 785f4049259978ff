#pragma once
#include "dataplane/base/result.hpp"
#include "dataplane/io/redis/client.hpp"

struct redisReply;

namespace chat::io::redis {

// A copy of hiredis' reply; a server's error becomes Errc::error_reply.
[[nodiscard]] base::Result<Reply> copy_reply(const redisReply& reply);

}  // namespace chat::io::redis
