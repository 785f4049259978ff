#include "dataplane/apps/backends/options.hpp"

namespace chat::apps {

adapters::PostgresOptions postgres_options(const std::string& role, const base::DaemonConfig& config,
                                           std::string password) {
  adapters::PostgresOptions options;
  options.user = config.postgres_user;
  options.password = std::move(password);
  options.database = config.postgres_database;
  options.application = "chat-" + role + " " + config.name;
  return options;
}

io::redis::Options redis_options(const base::DaemonConfig& config, std::string password) {
  io::redis::Options options;
  options.where = config.redis;
  options.password = std::move(password);
  return options;
}

}  // namespace chat::apps
