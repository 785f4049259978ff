#pragma once
#include <sys/types.h>

#include <filesystem>

#include "operator/local/layout.hpp"
#include "operator/local/resource_directory.hpp"
#include "operator/ports/site.hpp"

namespace chatop::local {

// A state directory of this machine, seen from a program beside its operator. Makes nothing before prepare() or
// start_operator(). Errors are SiteErrc.
class LocalSite final : public ports::Machine {
 public:
  explicit LocalSite(std::filesystem::path directory);

  [[nodiscard]] std::string where() const override { return directory_.string(); }
  [[nodiscard]] chat::base::Result<std::vector<std::string>> names() override { return resources_.names(); }
  [[nodiscard]] chat::base::Result<ports::StoredCluster> read(std::string_view name) override {
    return resources_.read(name);
  }
  [[nodiscard]] chat::base::Result<ports::Listing<ports::StoredCluster>> list() override;
  [[nodiscard]] chat::base::Status prepare() override { return resources_.create_folders(); }
  [[nodiscard]] chat::base::Result<std::unique_ptr<ports::WriteLock>> lock() override;
  [[nodiscard]] chat::base::Result<ports::Judgement> judge(const ports::Proposal& proposal) override;
  [[nodiscard]] chat::base::Status apply(const ports::Proposal& proposal) override;
  [[nodiscard]] chat::base::Status mark_deleting(std::string_view name) override {
    return resources_.mark_deleting(name);
  }

  [[nodiscard]] ports::OperatorSeen operator_seen() override;
  [[nodiscard]] std::string operator_command() const override { return "chatctl up FILE --detach"; }
  [[nodiscard]] std::vector<ports::ProcessLine> processes(const std::string& cluster) override;

  [[nodiscard]] std::vector<std::string> logs(const std::string& cluster) override;
  [[nodiscard]] chat::base::Status copy_log(const std::string& cluster, const ports::LogRequest& request,
                                            std::ostream& out) override;
  [[nodiscard]] std::vector<std::string> last_lines(const std::string& cluster, const std::string& process,
                                                    std::size_t count) override;
  [[nodiscard]] std::unique_ptr<ports::Watch> watch(Signals signals) override;

  [[nodiscard]] std::optional<std::string> running_operator() override;
  [[nodiscard]] chat::base::Result<std::string> start_operator() override;
  [[nodiscard]] chat::base::Status stop_operator(std::chrono::seconds timeout) override;
  [[nodiscard]] chat::base::Status stop_everything(std::chrono::seconds timeout) override;
  [[nodiscard]] bool has_clusters() override;
  [[nodiscard]] bool exists() override;
  [[nodiscard]] bool has_room() override;
  [[nodiscard]] chat::base::Status may_purge() override;
  [[nodiscard]] chat::base::Status purge() override;

 private:
  struct Next {
    api::ChatCluster cluster;  // as it is to be written
    ports::Judgement judgement;
  };
  [[nodiscard]] chat::base::Result<Next> next_of(const api::ChatCluster& proposed) const;
  // The operator that holds the lock, else the one that was started here and may not hold it yet.
  [[nodiscard]] std::optional<pid_t> operator_pid() const;
  [[nodiscard]] std::filesystem::path log(const std::string& cluster, const std::string& process) const;
  std::filesystem::path directory_;
  ResourceDirectory resources_;
  std::optional<pid_t> started_;
};

}  // namespace chatop::local
