#pragma once
#include <string>

#include "dataplane/adapters/postgres_shards.hpp"
#include "dataplane/apps/daemon/daemon.hpp"
#include "dataplane/io/redis/client.hpp"

namespace chat::apps {

// How a daemon reaches its backends, as its configuration says. The server knows it as "chat-<role> <name>".
[[nodiscard]] adapters::PostgresOptions postgres_options(const Daemon& daemon, std::string password);
[[nodiscard]] io::redis::Options redis_options(const Daemon& daemon, std::string password);

}  // namespace chat::apps
