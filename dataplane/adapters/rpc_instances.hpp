#pragma once
#include <functional>
#include <map>
#include <memory>
#include <random>

#include "dataplane/base/clock.hpp"
#include "dataplane/domain/cluster_map.hpp"
#include "dataplane/io/rpc/channel.hpp"
#include "dataplane/protocol/message_path.pb.h"

namespace chat::adapters {

// The chat-messages instances of the map, and calls that are tried at one after the other until they are answered or
// their time is over. A call may rightly wait for long (its shard is away), so what shows that an instance is frozen is
// a heartbeat: one without an answer drops the connection, and with it the calls that wait there go elsewhere. On the
// executor's thread; shared, because calls that wait for their next try keep it.
class RpcInstances : public std::enable_shared_from_this<RpcInstances> {
 public:
  using Done = std::function<void(base::Result<pb::Reply>)>;
  RpcInstances(boost::asio::any_io_executor executor, const base::Log& log, io::rpc::Client::OnPush on_push,
               const io::tls::Source* secure);

  // Connects to new ones and leaves those that are gone: calls under way there are tried elsewhere.
  void update(const std::vector<domain::MessagesEntry>& entries);
  void stop();
  [[nodiscard]] bool reachable() const;
  // `request` is a pb::Request. `done` is called once, never from inside; a reply's error is the result's error.
  void call(std::uint16_t bucket, std::string request, std::chrono::milliseconds timeout, Done done);

 private:
  struct Instance {
    base::HostPort address;
    std::unique_ptr<io::rpc::Client> client;
    std::uint64_t connection = 0;  // tells a client from those it replaced
    bool beating = false;          // a heartbeat is under way
    bool suspect = false;          // it missed one: others are asked first until it answers again
  };
  struct Call {
    std::uint16_t bucket = 0;
    std::string request;
    base::SteadyTime deadline;
    Done done;
    unsigned tries = 0;
    std::string avoid;  // who failed last
    base::Error failure;
  };
  void connect(Instance& instance);
  void beat_later();
  void beat();
  void beaten(const std::string& name, std::uint64_t connection, bool answered);
  void attempt(std::shared_ptr<Call> call);
  void answered(const std::shared_ptr<Call>& call, const std::string& name, base::Result<std::string> answer);
  void later(std::shared_ptr<Call> call, std::chrono::milliseconds at_least);
  [[nodiscard]] Instance* choose(const Call& call, std::string& name);

  boost::asio::any_io_executor executor_;
  const base::Log& log_;
  io::rpc::Client::OnPush on_push_;
  const io::tls::Source* secure_;
  std::map<std::string, Instance> instances_;
  std::uint64_t connections_ = 0;
  boost::asio::steady_timer heart_;
  bool stopped_ = false;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace chat::adapters
