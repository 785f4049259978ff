#pragma once
#include "dataplane/base/metrics.hpp"

namespace chat::gateway {

// The gateway's figures, looked up once. `registry` is for those whose labels are known only when they happen.
struct GatewayMetrics {
  prometheus::Counter& received(const std::string& type) {
    return registry.counter("chat_gateway_frames_received_total", "Frames from clients, by type.", {{"type", type}});
  }
  explicit GatewayMetrics(base::Metrics& metrics)
      : registry(metrics),
        connections(metrics.gauge("chat_gateway_connections", "Open WebSockets, those not signed in yet included.")),
        waiting(metrics.gauge("chat_gateway_waiting", "Newcomers that wait here for their turn to sign on.")),
        users(metrics.gauge("chat_gateway_users", "Users with a connection here.")),
        conversations(metrics.gauge("chat_gateway_conversations", "Conversations with a member connected here.")),
        connects(metrics.counter("chat_gateway_connects_total", "WebSockets accepted.")),
        messages_delivered(
            metrics.counter("chat_gateway_messages_delivered_total", "Changes of conversations given to connections.")),
        gap_fills(metrics.counter("chat_gateway_gap_fills_total", "Reads from the store that closed a gap in rev.")),
        heads_behind(metrics.counter("chat_gateway_heads_behind_total",
                                     "Conversations that a comparison of heads found to be behind the store.")),
        slow_readers(metrics.counter("chat_gateway_slow_readers_total", "Connections closed for reading too slowly.")),
        out_of_files(metrics.counter("chat_gateway_out_of_files_total",
                                     "Connections not taken because the process had no file left for them.")),
        send_queue_bytes(metrics.gauge("chat_gateway_send_queue_bytes", "Bytes that wait to be sent to clients.")),
        bad_frames(received("bad")),
        auth_frames(received("auth")),
        pings(received("ping")),
        sends(received("msg.send")),
        receipts(received("receipt")),
        syncs(received("sync")),
        send_seconds(metrics.seconds("chat_gateway_send_seconds", "From msg.send read to its answer queued.")),
        sync_seconds(metrics.seconds("chat_gateway_sync_seconds", "From sync read to sync.done queued.")) {}

  void disconnected(const std::string& reason) {
    registry.counter("chat_gateway_disconnects_total", "WebSockets ended, by why.", {{"reason", reason}}).Increment();
  }
  void error_sent(const std::string& code) {
    registry.counter("chat_gateway_errors_total", "Error frames sent, by code.", {{"code", code}}).Increment();
  }
  void refused(const std::string& code) {
    registry.counter("chat_gateway_refused_total", "Upgrades refused, by status.", {{"code", code}}).Increment();
  }

  base::Metrics& registry;
  prometheus::Gauge& connections;
  prometheus::Gauge& waiting;
  prometheus::Gauge& users;
  prometheus::Gauge& conversations;
  prometheus::Counter& connects;
  prometheus::Counter& messages_delivered;
  prometheus::Counter& gap_fills;
  prometheus::Counter& heads_behind;
  prometheus::Counter& slow_readers;
  prometheus::Counter& out_of_files;
  prometheus::Gauge& send_queue_bytes;
  prometheus::Counter& bad_frames;
  prometheus::Counter& auth_frames;
  prometheus::Counter& pings;
  prometheus::Counter& sends;
  prometheus::Counter& receipts;
  prometheus::Counter& syncs;
  prometheus::Histogram& send_seconds;
  prometheus::Histogram& sync_seconds;
};

}  // namespace chat::gateway
