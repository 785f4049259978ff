#pragma once
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/log.hpp"
#include "dataplane/base/task.hpp"
#include "dataplane/domain/cluster_map.hpp"
#include "dataplane/io/tls/source.hpp"
#include "dataplane/ports/gateways.hpp"

namespace chat::adapters {

// What is known of the gateways' loads. Pure: times are arguments.
class GatewayTable {
 public:
  void adopt(const std::vector<domain::GatewayEntry>& gateways);
  // An answer of a gateway's GET /status.
  void answered(const std::string& name, std::int64_t connections, bool serving, base::SteadyTime now);
  void failed(const std::string& name);
  // The least load among those that serve, are not draining by the map and answered within kFresh. Load: connections,
  // and whom we sent there within kRecent.
  [[nodiscard]] base::Result<ports::GatewayChoice> choose(base::SteadyTime now);
  // There is none to choose.
  [[nodiscard]] bool takes_nobody(base::SteadyTime now) const;
  [[nodiscard]] std::vector<domain::GatewayEntry> entries() const;
  // Some gateway took connections once, or there is none by the map.
  [[nodiscard]] bool has_found_any() const { return has_found_any_ || gateways_.empty(); }

  static constexpr std::chrono::milliseconds kFresh{3000};
  static constexpr std::chrono::seconds kRecent{5};
  static constexpr std::size_t kMostRecent = 10'000;  // a gateway's; older ones are forgotten first

 private:
  struct Gateway {
    domain::GatewayEntry entry;
    bool serving = false;
    std::int64_t connections = 0;
    base::SteadyTime answered_at{};
    std::deque<base::SteadyTime> sent;  // ascending
    [[nodiscard]] bool takes_connections(base::SteadyTime now) const {
      return serving && !entry.draining && now < answered_at + kFresh;
    }
  };
  std::map<std::string, Gateway> gateways_;
  bool has_found_any_ = false;
};

// Asks each gateway's admin side for its load once a second, five times where none is known that takes connections, all
// at the same time. One thread; start() spawns into `tasks`, stop() lets its loop end: wait for the group before this
// is destroyed.
class GatewayLoads final : public ports::Gateways {
 public:
  GatewayLoads(boost::asio::any_io_executor executor, base::TaskGroup& tasks, const base::Log& log,
               std::function<std::string()> admin_token, const io::tls::Source* secure = nullptr);
  void start();
  void stop();
  void update(const domain::ClusterMap& map) { table_.adopt(map.gateways); }
  base::Result<ports::GatewayChoice> choose(base::SteadyTime now) override { return table_.choose(now); }
  [[nodiscard]] bool has_found_any() const { return table_.has_found_any(); }

 private:
  base::Task<> poll();
  base::Task<> ask(domain::GatewayEntry gateway);

  base::TaskGroup& tasks_;
  const base::Log& log_;
  std::function<std::string()> admin_token_;  // as it is now
  const io::tls::Source* secure_;             // what the admin sides are called with; null: plain
  boost::asio::steady_timer timer_;
  GatewayTable table_;
  std::map<std::string, bool> asking_;  // who has not answered the last question yet is not asked again
  bool stopped_ = false;
};

}  // namespace chat::adapters
