#pragma once
#include <cstdint>
#include <string>
#include <vector>

// What managed PostgreSQL and Redis servers are told wherever they run. Where their files and sockets are, each
// platform adds itself.
namespace chatop::settings {

// Lines of a postgresql.conf.
[[nodiscard]] std::string postgres_settings(std::int64_t max_connections);
// In a single-quoted value of postgresql.conf.
[[nodiscard]] std::string quoted(const std::string& value);

// How a shard's data directory is made: options of initdb, beside where. It flushes nothing (--no-sync): flush the file
// system before the directory is counted on.
[[nodiscard]] std::vector<std::string> initdb_options(const std::string& password_file);

// Lines of a redis.conf.
[[nodiscard]] std::string redis_settings(std::int64_t memory_bytes);

}  // namespace chatop::settings
