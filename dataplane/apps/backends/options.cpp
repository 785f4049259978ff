#include "dataplane/apps/backends/options.hpp"

namespace chat::apps {

adapters::PostgresOptions postgres_options(const Daemon& daemon, std::string password) {
  const auto& config = daemon.config;
  adapters::PostgresOptions options;
  options.user = config.postgres_user;
  options.password = std::move(password);
  options.password_file = config.postgres_password_file.string();
  options.database = config.postgres_database;
  options.application = "chat-" + daemon.role + " " + config.name;
  options.ca_file = config.postgres_ca_file.string();
  options.sslmode = config.postgres_sslmode;
  return options;
}

io::redis::Options redis_options(const Daemon& daemon, std::string password) {
  io::redis::Options options;
  options.where = daemon.config.redis;
  options.secure = daemon.security.redis.get();
  options.password = std::move(password);
  options.password_file = daemon.config.redis_password_file;
  return options;
}

}  // namespace chat::apps
