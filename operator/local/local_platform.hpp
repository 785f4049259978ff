#pragma once
#include <memory>
#include <optional>
#include <string>

#include "dataplane/base/blocking_pool.hpp"
#include "dataplane/base/log.hpp"
#include "operator/daemons/redis_probe.hpp"
#include "operator/local/daemon_files.hpp"
#include "operator/local/layout.hpp"
#include "operator/local/ports_file.hpp"
#include "operator/local/requirements.hpp"
#include "operator/local/supervisor.hpp"
#include "operator/ports/platform.hpp"

namespace chatop::local {

// What all clusters of one state directory share. Outlives the platforms.
struct LocalEnvironment {
  boost::asio::any_io_executor executor;
  const chat::base::Log& log;
  chat::base::BlockingPool& pool;
  std::filesystem::path directory;
  Installation installation;
  std::string launcher;  // a program with the subcommand `launch`
};

// One ChatCluster as child processes of this machine. Adopts what runs when it is made.
class LocalPlatform final : public ports::Platform {
 public:
  LocalPlatform(const LocalEnvironment& environment, std::string cluster, std::function<void()> changed);

  chat::base::Task<chat::base::Status> open() override { co_return chat::base::Status{}; }  // read when it was made
  ports::PlatformView observe(const std::vector<ports::ProcessSpec>& wanted) override;
  ports::Memory memory() override { return memory_; }
  chat::base::Task<chat::base::Status> prepare_cluster() override;
  chat::base::Task<chat::base::Status> prepare(ports::ProcessSpec process) override;
  chat::base::Task<chat::base::Status> start(ports::ProcessSpec process) override;
  chat::base::Task<chat::base::Status> stop(std::string name, std::chrono::milliseconds grace) override;
  chat::base::Task<chat::base::Status> kill(std::string name) override;
  chat::base::Task<chat::base::Status> remember(ports::Memory memory) override;
  chat::base::Task<chat::base::Status> remove(bool keep_data) override;
  chat::base::Task<> tidy() override;
  chat::base::Task<> close() override;
  chat::base::Task<ports::RedisReport> redis_report() override;
  chat::base::Result<ports::ShardAccess> shard_access(const std::string& shard) override;
  chat::base::Result<ports::AdminAccess> admin_access() override;

 private:
  struct Files {
    std::string text;
    std::filesystem::path path;
    mode_t mode = 0644;
  };
  ports::ProcessView view(const ports::ProcessSpec& process) const;
  void add_facts(ports::ProcessView& view) const;
  [[nodiscard]] Addresses addresses(const ports::ProcessSpec& process) const;
  [[nodiscard]] Files configuration(const ports::ProcessSpec& process) const;
  [[nodiscard]] std::vector<std::string> command(const ports::ProcessSpec& process, const Files& files) const;
  void rotate_keys();
  chat::base::Status free_ports(const ports::ProcessSpec& process);
  chat::base::Status make_folders();
  [[nodiscard]] chat::base::Status initialise(const std::string& shard) const;  // blocks: initdb
  [[nodiscard]] bool runs(ports::Role role) const;
  [[nodiscard]] static const char* program_of(ports::Role role);  // of a daemon
  [[nodiscard]] chat::base::Status check_needs(const ports::ProcessSpec& process);

  LocalEnvironment environment_;
  ClusterLayout layout_;
  Supervisor supervisor_;
  ports::Memory memory_;
  std::optional<PortsFile> ports_;
  std::optional<Requirements> requirements_;
  std::vector<ports::TakenPort> taken_ports_;  // of those that people know
  std::string redis_password_;
  bool prepared_ = false;
  daemons::RedisProbe redis_;
};

}  // namespace chatop::local
