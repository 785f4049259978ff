// What Redis says, cut into pieces anyhow, is copied or ends the connection.
#include "dataplane/io/redis/reply.hpp"

#include <hiredis/hiredis.h>

#include <memory>

#include "tests/fuzz/check.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using chat::io::redis::Reply;

int depth(const Reply& reply) {
  int deepest = 0;
  for (const auto& item : reply.array) deepest = std::max(deepest, depth(item));
  if (reply.kind != Reply::Kind::array) FUZZ_CHECK(reply.array.empty());
  return deepest + 1;
}

// False where the connection would be closed.
bool take(redisReader* reader) {
  for (;;) {
    void* raw = nullptr;
    if (redisReaderGetReply(reader, &raw) != REDIS_OK) return false;
    if (raw == nullptr) return true;
    const std::unique_ptr<redisReply, void (*)(redisReply*)> reply(static_cast<redisReply*>(raw),
                                                                   [](redisReply* gone) { freeReplyObject(gone); });
    const auto copy = chat::io::redis::copy_reply(*reply);
    FUZZ_CHECK(copy.has_value() == (reply->type != REDIS_REPLY_ERROR));
    if (copy) FUZZ_CHECK(depth(*copy) <= 9);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chat::fuzz::Input input(data, size);
  const std::size_t piece = input.byte() % 32 + 1;
  const auto reader = chat::io::redis::make_reader();
  bool good = true;
  while (good && !input.empty()) {
    good = chat::io::redis::feed(*reader, input.take(piece)) && take(reader.get());
  }
  if (!good) FUZZ_CHECK(!chat::io::redis::reason_of(*reader).empty());
  return 0;
}
