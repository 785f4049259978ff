#pragma once
#include <algorithm>
#include <functional>
#include <string>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/log.hpp"
#include "dataplane/base/metrics.hpp"
#include "dataplane/base/turns.hpp"
#include "operator/ports/data_plane.hpp"
#include "operator/ports/platform.hpp"
#include "operator/ports/resource_store.hpp"
#include "operator/ports/shard_admin.hpp"

namespace chatop::controllers {

// How often what is at rest is looked at. What changes is looked at every second and oftener.
struct Pace {
  std::chrono::milliseconds documents{1000};  // between two readings of the documents, where nothing wakes us
  std::chrono::milliseconds rest{1000};       // between two questions to a process that is well
  // With many clusters each is asked less often, so that all of them are asked about one every so often.
  std::chrono::milliseconds share{0};
  // Between two looks at what is under way, where nothing wakes us: all together no more than 500 a second.
  std::chrono::milliseconds busy{200};
  [[nodiscard]] std::chrono::milliseconds at_work(std::size_t clusters) const {
    return std::max(busy, std::chrono::milliseconds(2) * static_cast<std::int64_t>(clusters));
  }
  // Up to a quarter less, by the cluster's key: those that began together are not asked together for ever.
  [[nodiscard]] std::chrono::milliseconds at_rest(std::size_t clusters, const std::string& key) const {
    const auto all = share * static_cast<std::int64_t>(clusters);
    constexpr std::int64_t kParts = 256;
    const auto part = static_cast<std::int64_t>(std::hash<std::string>{}(key) % kParts);
    return std::max(rest, all - all * part / (4 * kParts));
  }
};

// What the controllers work through. Outlives them.
struct Environment {
  boost::asio::any_io_executor executor;
  const chat::base::Log& log;
  chat::base::Metrics& metrics;
  const chat::base::Clock& clock;
  ports::ResourceStore& store;
  ports::DataPlane& data_plane;
  ports::ShardAdmin& shard_admin;
  ports::PlatformFactory make_platform;
  std::string version;
  Pace pace = {};
  std::function<bool()> may_act = {};  // not set: always. Where it says no, nothing is begun and nothing is written
  // Of ClusterControllers that begin: read what is there, ask everyone, do the first acts. Null: all at once.
  chat::base::Turns* beginnings = nullptr;
};

}  // namespace chatop::controllers
