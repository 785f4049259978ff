#pragma once
#include "dataplane/base/clock.hpp"
#include "dataplane/base/log.hpp"
#include "dataplane/base/metrics.hpp"
#include "dataplane/base/task.hpp"
#include "operator/ports/data_plane.hpp"
#include "operator/ports/platform.hpp"
#include "operator/ports/resource_store.hpp"
#include "operator/ports/shard_admin.hpp"

namespace chatop::controllers {

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
};

}  // namespace chatop::controllers
