#include "dataplane/gateway/flusher.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <vector>

namespace chat::gateway {
namespace {

struct Counted : Flushable {
  void flush() override {
    ++flushed;
    if (then) then();
  }
  int flushed = 0;
  std::function<void()> then;
};

TEST(Flusher, WritesOnceTheLoopIsThroughWithWhatItIsAt) {
  boost::asio::io_context io;
  Flusher flusher(io.get_executor());
  auto one = std::make_shared<Counted>();
  boost::asio::post(io, [&] {
    flusher.add(one);
    EXPECT_EQ(one->flushed, 0);
  });
  io.run();
  EXPECT_EQ(one->flushed, 1);
}

TEST(Flusher, GivesAnotherTurnToWhoIsAddedWhileItFlushes) {
  boost::asio::io_context io;
  Flusher flusher(io.get_executor());
  auto one = std::make_shared<Counted>();
  one->then = [&] {
    if (one->flushed < 3) flusher.add(one);
  };
  flusher.add(one);
  io.run();
  EXPECT_EQ(one->flushed, 3);
  io.restart();
  flusher.add(one);
  io.run();
  EXPECT_EQ(one->flushed, 4);
}

TEST(Flusher, LetsOthersRunBetweenManyConnections) {
  boost::asio::io_context io;
  Flusher flusher(io.get_executor());
  std::vector<std::shared_ptr<Counted>> many;
  for (int i = 0; i < 1000; ++i) {
    many.push_back(std::make_shared<Counted>());
    flusher.add(many.back());
  }
  int done_before = -1;
  boost::asio::post(io, [&] {
    done_before = 0;
    for (const auto& one : many) done_before += one->flushed;
  });
  io.run();
  EXPECT_GT(done_before, 0);
  EXPECT_LT(done_before, 1000);
  for (const auto& one : many) EXPECT_EQ(one->flushed, 1);
}

TEST(Flusher, ForgetsItsConnectionsWhenItGoes) {
  boost::asio::io_context io;
  auto one = std::make_shared<Counted>();
  {
    Flusher flusher(io.get_executor());
    flusher.add(one);
  }
  EXPECT_EQ(one.use_count(), 1);
  io.run();
  EXPECT_EQ(one->flushed, 0);
}

}  // namespace
}  // namespace chat::gateway
