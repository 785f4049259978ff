#pragma once
#include <string>

#include "dataplane/adapters/postgres_shards.hpp"
#include "dataplane/base/config.hpp"
#include "dataplane/io/redis/client.hpp"

namespace chat::apps {

// How a daemon reaches its backends, as its configuration says. The server knows it as "chat-<role> <name>".
[[nodiscard]] adapters::PostgresOptions postgres_options(const std::string& role, const base::DaemonConfig& config,
                                                         std::string password);
[[nodiscard]] io::redis::Options redis_options(const base::DaemonConfig& config, std::string password);

}  // namespace chat::apps
