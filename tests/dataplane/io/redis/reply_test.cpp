#include "dataplane/io/redis/reply.hpp"

#include <gtest/gtest.h>
#include <hiredis/hiredis.h>

namespace chat::io::redis {
namespace {

// REDIS_OK and a reply, REDIS_OK and none yet, or REDIS_ERR.
std::pair<int, bool> outcome(const Reader& reader) {
  void* reply = nullptr;
  const int result = redisReaderGetReply(reader.get(), &reply);
  if (reply != nullptr) freeReplyObject(reply);
  return {result, reply != nullptr};
}

TEST(RedisReply, NoRoomIsMadeForElementsThatWereOnlyAnnounced) {
  for (const char* announced : {"*100001\r\n", "*2147483647\r\n", "*1\r\n*2147483647\r\n"}) {
    const auto reader = make_reader();
    ASSERT_TRUE(feed(*reader, announced));
    EXPECT_EQ(outcome(reader), std::pair(REDIS_ERR, false)) << announced;
    EXPECT_EQ(reason_of(*reader), "a reply larger than any of ours");
  }
  const auto reader = make_reader();
  ASSERT_TRUE(feed(*reader, "*100000\r\n"));
  EXPECT_EQ(outcome(reader), std::pair(REDIS_OK, false));
}

TEST(RedisReply, AReplyThatNeverEndsEndsTheConnection) {
  const auto reader = make_reader();
  ASSERT_TRUE(feed(*reader, "$536870912\r\n"));
  const std::string piece(1024 * 1024, 'x');
  std::size_t taken = 0;
  while (feed(*reader, piece)) {
    ASSERT_EQ(outcome(reader), std::pair(REDIS_OK, false));
    taken += piece.size();
    ASSERT_LE(taken, kMostReplyBytes + piece.size());
  }
  EXPECT_EQ(reason_of(*reader), "a reply larger than any of ours");
}

TEST(RedisReply, WhatIsNoReplySaysSo) {
  const auto reader = make_reader();
  ASSERT_TRUE(feed(*reader, "HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_EQ(outcome(reader), std::pair(REDIS_ERR, false));
  EXPECT_NE(reason_of(*reader).find("Protocol error"), std::string::npos);
}

}  // namespace
}  // namespace chat::io::redis
