#include "operator/settings/backend_settings.hpp"

namespace chatop::settings {

std::string quoted(const std::string& value) {
  std::string text = "'";
  for (char c : value) text += c == '\'' ? std::string("''") : std::string(1, c);
  return text + "'";
}

std::string postgres_settings(std::int64_t max_connections) {
  return "max_connections = " + std::to_string(max_connections) +
         "\n"
         "password_encryption = 'scram-sha-256'\n"
         "# What was acknowledged is on disk.\n"
         "fsync = on\nsynchronous_commit = on\nfull_page_writes = on\n"
         "# A split of a shard streams its changes.\n"
         "wal_level = logical\nmax_wal_size = '2GB'\nmin_wal_size = '128MB'\n"
         "# One flush of the file system before crash recovery instead of one a file: seconds less, and as safe.\n"
         "recovery_init_sync_method = 'syncfs'\n"
         "shared_buffers = '128MB'\n"
         "jit = off\n"
         "tcp_keepalives_idle = 10\ntcp_keepalives_interval = 5\ntcp_keepalives_count = 3\n"
         "timezone = 'UTC'\nlog_timezone = 'UTC'\n"
         "log_destination = 'stderr'\nlogging_collector = off\nlog_line_prefix = '%m [%p] %q%a '\n"
         "log_checkpoints = off\n"
         "# One line an error: what fails again and again, on a full disk for one, is not to fill a log with "
         "contexts.\n"
         "log_error_verbosity = 'terse'\n"
         "# Statements carry what people write: never logged.\n"
         "log_min_error_statement = 'panic'\nlog_parameter_max_length_on_error = 0\n";
}

std::vector<std::string> initdb_options(const std::string& password_file) {
  return {"--username=postgres",        "--pwfile=" + password_file, "--auth-host=scram-sha-256",
          "--auth-local=scram-sha-256", "--encoding=UTF8",           "--locale=C.UTF-8",
          "--data-checksums",           "--no-instructions",         "--no-sync"};
}

std::string redis_settings(std::int64_t memory_bytes) {
  // Nothing in Redis is the truth: it keeps no file, and at its bound it drops what expires anyway.
  return "maxmemory " + std::to_string(memory_bytes) +
         "\nmaxmemory-policy volatile-lru\n"
         "save \"\"\nappendonly no\ndaemonize no\nmaxclients 4096\n"
         "client-output-buffer-limit pubsub 64mb 16mb 30\n"
         "tcp-keepalive 10\nlogfile \"\"\nloglevel notice\n";
}

}  // namespace chatop::settings
