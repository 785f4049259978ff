#include <grpcpp/grpcpp.h>

#include <cstdlib>

#include "tests/bench/round_trip.grpc.pb.h"
#include "tests/bench/rpc_round_trip.hpp"

namespace chat::bench {
namespace {

// The synchronous interface: of gRPC's three it costs least for one stream with one call in flight.
class Service final : public RoundTrip::Service {
 public:
  grpc::Status Calls(grpc::ServerContext*, grpc::ServerReaderWriter<pb::Reply, pb::Request>* stream) override {
    pb::Request request;
    while (stream->Read(&request)) {
      pb::Reply reply;
      fill_reply(reply);
      if (!stream->Write(reply)) break;
    }
    return grpc::Status::OK;
  }
};

}  // namespace

Cost measure_grpc(int warm_up, int round_trips) {
  Service service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  auto server = builder.BuildAndStart();
  if (!server) std::abort();
  auto stub =
      RoundTrip::NewStub(grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  auto stream = stub->Calls(&context);
  const auto request = make_request();
  auto run = [&](int times) {
    pb::Reply reply;
    for (int i = 0; i < times; ++i) {
      if (!stream->Write(request) || !stream->Read(&reply) || !reply.has_send()) std::abort();
    }
  };
  run(warm_up);
  Meter meter;
  run(round_trips);
  const auto cost = meter.per(round_trips);
  stream->WritesDone();
  if (!stream->Finish().ok()) std::abort();
  server->Shutdown();
  return cost;
}

}  // namespace chat::bench
