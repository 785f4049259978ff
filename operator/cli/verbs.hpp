#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "operator/cli/session.hpp"

// The verbs of chatctl and kubectl chat, one file each. Each returns its exit code: 0 only on success, 1 failure, 2 bad
// usage.
namespace chatop::cli {

inline constexpr std::chrono::seconds kDefaultTimeout{180};

enum class Kind { cluster, operation };
// Said wherever operations are shown: nobody is to wait for what does not happen.
inline constexpr std::string_view kNotRun =
    "it is kept, and nothing is done: the operator of this version runs no operations yet";

struct ApplyOptions {
  std::vector<std::string> files;  // "-": standard input
};
int apply(Session& session, const ApplyOptions& options);

enum class Output { Table, Wide, Json, Yaml };
struct GetOptions {
  Kind kind = Kind::cluster;
  std::string name;  // empty: all
  Output output = Output::Table;
};
int get(Session& session, const GetOptions& options);

int describe(Session& session, const std::string& name);
int get_operations(Session& session, const GetOptions& options);
int describe_operation(Session& session, const std::string& name);
int status(Session& session, const std::string& name);

struct DeleteOptions {
  Kind kind = Kind::cluster;
  std::string name;
  bool wait = false;
  std::chrono::seconds timeout = kDefaultTimeout;
};
int remove(Session& session, const DeleteOptions& options);

struct LogsOptions {
  std::string process;
  std::string cluster;  // empty: the only one
  bool follow = false;
  std::int64_t tail = -1;  // -1: all
};
int logs(Session& session, const LogsOptions& options);

// On a machine only.
struct UpOptions {
  std::string file;
  bool detach = false;
  std::chrono::seconds timeout = kDefaultTimeout;
};
int up(Session& session, const UpOptions& options);

struct DownOptions {
  bool purge = false;
  std::chrono::seconds timeout = kDefaultTimeout;
};
int down(Session& session, const DownOptions& options);

}  // namespace chatop::cli
