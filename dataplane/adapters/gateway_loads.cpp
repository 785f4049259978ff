#include "dataplane/adapters/gateway_loads.hpp"

#include <algorithm>

#include "dataplane/base/json.hpp"
#include "dataplane/domain/errors.hpp"
#include "dataplane/io/http/client.hpp"

namespace chat::adapters {
namespace {

constexpr std::chrono::milliseconds kEvery{1000};
constexpr std::chrono::milliseconds kWhereNoneServes{200};  // people wait for the first
constexpr std::chrono::milliseconds kTimeout{1500};
constexpr std::size_t kMostStatusBytes = 64 * 1024;

}  // namespace

void GatewayTable::adopt(const std::vector<domain::GatewayEntry>& gateways) {
  std::map<std::string, Gateway> next;
  for (const auto& entry : gateways) {
    Gateway gateway;
    if (auto known = gateways_.find(entry.name); known != gateways_.end()) gateway = std::move(known->second);
    gateway.entry = entry;
    next.emplace(entry.name, std::move(gateway));
  }
  gateways_ = std::move(next);
}

void GatewayTable::answered(const std::string& name, std::int64_t connections, bool serving, base::SteadyTime now) {
  auto found = gateways_.find(name);
  if (found == gateways_.end()) return;
  found->second.connections = connections;
  found->second.serving = serving;
  found->second.answered_at = now;
  has_found_any_ = has_found_any_ || serving;
}

void GatewayTable::failed(const std::string& name) {
  if (auto found = gateways_.find(name); found != gateways_.end()) found->second.serving = false;
}

base::Result<ports::GatewayChoice> GatewayTable::choose(base::SteadyTime now) {
  Gateway* best = nullptr;
  std::int64_t least = 0;
  for (auto& [name, gateway] : gateways_) {
    while (!gateway.sent.empty() && gateway.sent.front() + kRecent <= now) gateway.sent.pop_front();
    if (!gateway.takes_connections(now)) continue;
    const auto load = gateway.connections + static_cast<std::int64_t>(gateway.sent.size());
    if (best == nullptr || load < least) {
      best = &gateway;
      least = load;
    }
  }
  if (best == nullptr)
    return base::fail(domain::Errc::unavailable, "no gateway takes connections right now: try again shortly",
                      std::chrono::seconds(1));
  best->sent.push_back(now);
  if (best->sent.size() > kMostRecent) best->sent.pop_front();
  return ports::GatewayChoice{best->entry.name, best->entry.url};
}

bool GatewayTable::takes_nobody(base::SteadyTime now) const {
  return std::none_of(gateways_.begin(), gateways_.end(),
                      [now](const auto& each) { return each.second.takes_connections(now); });
}

std::vector<domain::GatewayEntry> GatewayTable::entries() const {
  std::vector<domain::GatewayEntry> entries;
  for (const auto& [name, gateway] : gateways_) entries.push_back(gateway.entry);
  return entries;
}

GatewayLoads::GatewayLoads(boost::asio::any_io_executor executor, base::TaskGroup& tasks, const base::Log& log,
                           std::function<std::string()> admin_token, const io::tls::Source* secure)
    : tasks_(tasks), log_(log), admin_token_(std::move(admin_token)), secure_(secure), timer_(std::move(executor)) {}

void GatewayLoads::start() { tasks_.spawn("gateway_loads", poll()); }

void GatewayLoads::stop() {
  stopped_ = true;
  timer_.cancel();
}

base::Task<> GatewayLoads::poll() {
  while (!stopped_) {
    for (auto& gateway : table_.entries()) {
      bool& asking = asking_[gateway.name];
      if (asking) continue;
      asking = true;
      tasks_.spawn("gateway_status", ask(std::move(gateway)));
    }
    const auto now = std::chrono::steady_clock::now();
    co_await base::sleep_until(timer_, now + (table_.takes_nobody(now) ? kWhereNoneServes : kEvery));
  }
}

base::Task<> GatewayLoads::ask(domain::GatewayEntry gateway) {
  auto request = io::http::get("/status", admin_token_());
  auto answer = co_await io::http::fetch(gateway.admin, std::move(request), kTimeout, kMostStatusBytes, secure_);
  asking_.erase(gateway.name);
  std::string problem;
  if (!answer) {
    problem = answer.error().message;
  } else if (answer->result() != io::http::status::ok) {
    problem = "answered " + std::to_string(answer->result_int());
  } else if (auto json = base::parse_json(answer->body()); !json || !json->is_object()) {
    problem = "its status is not a JSON object";
  } else {
    const auto connections = base::whole_number(json->value("connections", base::Json()));
    const base::Json state = json->value("state", base::Json());
    table_.answered(gateway.name, connections.value_or(0), state == "Serving", std::chrono::steady_clock::now());
    co_return;
  }
  table_.failed(gateway.name);
  log_.debug("gateway_status_failed", {{"gateway", gateway.name}, {"problem", problem}});
}

}  // namespace chat::adapters
