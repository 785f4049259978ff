#pragma once
#include <string_view>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/task.hpp"
#include "dataplane/io/rpc/channel.hpp"
#include "dataplane/protocol/message_path.pb.h"
#include "dataplane/services/message_service.hpp"

namespace chat::messages {

// Turns frames of the message path into calls of the service and its answers into frames. On the executor's thread.
// Sends and receipts take callbacks all the way; what reads is a coroutine, of which a bounded number runs at once.
class RpcDriver {
 public:
  RpcDriver(boost::asio::any_io_executor executor, const base::Clock& clock, const base::Log& log,
            base::Metrics& metrics, services::MessageService& service);

  // For io::rpc::Server. A frame that can not be read is answered with bad_request.
  void handle(const io::rpc::Peer& peer, std::uint64_t call, std::string_view payload);
  [[nodiscard]] base::Task<bool> idle(base::SteadyTime deadline) { return tasks_.idle(deadline); }

 private:
  void send(const io::rpc::Peer& peer, std::uint64_t call, const std::string& trace_id, const pb::SendRequest& request);
  void receipt(const io::rpc::Peer& peer, std::uint64_t call, const pb::ReceiptRequest& request);
  void announce(const io::rpc::Peer& peer, std::uint64_t call, const pb::AnnounceRequest& request);
  // Answers one of the reading calls.
  base::Task<> read(io::rpc::Peer peer, std::uint64_t call, pb::Request request);
  base::Task<pb::Reply> changes(const pb::ChangesRequest& request);
  base::Task<pb::Reply> sign_on(const pb::SignOnRequest& request);
  base::Task<pb::Reply> heads(const pb::HeadsRequest& request);
  base::Task<pb::Reply> sync_points(const pb::SyncPointsRequest& request);
  base::Task<pb::Reply> membership(const pb::MembershipRequest& request);

  const base::Clock& clock_;
  const base::Log& log_;
  services::MessageService& service_;
  prometheus::Counter& calls_;
  prometheus::Counter& bad_calls_;
  base::TaskGroup tasks_;
};

}  // namespace chat::messages
