#include "tests/bench/rpc_round_trip.hpp"

#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "dataplane/io/rpc/channel.hpp"

// How much CPU one call of the message path costs, both sides together, when nothing can be batched: io/rpc beside a
// gRPC stream that carries the same protobuf. Prints JSON; README.md beside this keeps results.
namespace chat::bench {

pb::Request make_request() {
  pb::Request request;
  request.set_trace_id(std::string(32, 'a'));
  auto* send = request.mutable_send();
  send->set_conversation_id(std::string(16, 'c'));
  send->set_sender_id(std::string(16, 's'));
  send->set_client_msg_id(std::string(26, 'k'));
  send->set_content(std::string(100, 'x'));
  send->set_type("text");
  return request;
}

void fill_reply(pb::Reply& reply) {
  auto* send = reply.mutable_send();
  send->set_message_id(std::string(16, 'm'));
  send->set_seq(1'000'000);
  send->set_rev(1'000'001);
  send->set_server_timestamp(1'767'225'600'000);
}

namespace {

// One call after the other, each begun by the answer to the one before.
class Caller {
 public:
  Caller(boost::asio::io_context& io, io::rpc::Client& client) : io_(io), client_(client) {}
  void run(int round_trips) {
    left_ = round_trips;
    next();
    io_.restart();
    io_.run();
  }

 private:
  void next() {
    if (left_-- == 0) return io_.stop();
    client_.call(request_.SerializeAsString(), std::chrono::seconds(5), [this](base::Result<std::string> answer) {
      pb::Reply reply;
      if (!answer || !reply.ParseFromString(*answer) || !reply.has_send()) std::abort();
      next();
    });
  }
  boost::asio::io_context& io_;
  io::rpc::Client& client_;
  pb::Request request_ = make_request();
  int left_ = 0;
};

}  // namespace

Cost measure_io_rpc(int warm_up, int round_trips) {
  base::Log log("bench", base::Level::error);
  boost::asio::io_context server_io(1);
  io::rpc::Server server(server_io.get_executor(), log,
                         [](const io::rpc::Peer& peer, std::uint64_t call, std::string_view payload) {
                           pb::Request request;
                           if (!request.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) std::abort();
                           pb::Reply reply;
                           fill_reply(reply);
                           peer.answer(call, reply.SerializeAsString());
                         });
  auto port = server.listen({"127.0.0.1", 0});
  if (!port) std::abort();
  std::thread serving([&] { server_io.run(); });

  boost::asio::io_context io(1);
  io::rpc::ClientOptions options;
  options.where = {"127.0.0.1", *port};
  io::rpc::Client client(io.get_executor(), log, options, {});
  client.start();
  while (!client.connected()) io.run_one();
  Caller caller(io, client);
  caller.run(warm_up);
  Meter meter;
  caller.run(round_trips);
  const auto cost = meter.per(round_trips);
  client.stop();
  server_io.stop();
  serving.join();
  return cost;
}

}  // namespace chat::bench

int main(int argc, char** argv) {
  constexpr int kWarmUp = 20'000;
  constexpr int kRounds = 5;
  const int round_trips = argc > 1 ? std::atoi(argv[1]) : 100'000;
  if (round_trips < 1) return std::fputs("usage: rpc_round_trip [ROUND_TRIPS]\n", stderr), 2;
  auto print = [&](const char* name, chat::bench::Cost (*measure)(int, int)) {
    for (int round = 0; round < kRounds; ++round) {
      const auto cost = measure(kWarmUp, round_trips);
      std::printf(
          "{\"transport\":\"%s\",\"method\":\"batch of one, both sides in one process, getrusage\","
          "\"round_trips\":%d,\"cpu_us\":%.2f,\"wall_us\":%.2f}\n",
          name, round_trips, cost.cpu_microseconds, cost.wall_microseconds);
    }
  };
  print("io/rpc", chat::bench::measure_io_rpc);
#ifdef CHATCLUSTER_BENCH_GRPC
  print("gRPC stream", chat::bench::measure_grpc);
#endif
  return 0;
}
