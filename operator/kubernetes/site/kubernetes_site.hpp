#pragma once
#include <memory>
#include <string>
#include <vector>

#include "operator/kubernetes/site/connection.hpp"
#include "operator/ports/site.hpp"

namespace chatop::kubernetes {

// A namespace of a Kubernetes cluster, for a command line. Documents are applied server-side and own only the fields
// that stand in them; what the API server refuses it says in its own sentences. Processes are Pods, the operator is who
// holds the Lease. Errors are SiteErrc.
class KubernetesSite final : public ports::Site {
 public:
  struct Options {
    std::string name_space;
    bool only_this_namespace = false;  // a document that names another one is refused
    std::string context;               // for sentences; empty: the cluster that this runs in
    std::string server;                // for sentences
    bool force_conflicts = false;
    std::chrono::milliseconds deadline{10'000};  // of a call
  };
  KubernetesSite(const Connection::MakeHttp& make_http, Options options);

  [[nodiscard]] std::string where() const override;
  [[nodiscard]] chat::base::Result<std::vector<std::string>> names() override;
  [[nodiscard]] chat::base::Result<ports::StoredCluster> read(std::string_view name) override;
  [[nodiscard]] chat::base::Result<ports::Listing<ports::StoredCluster>> list() override;
  [[nodiscard]] chat::base::Result<ports::Judgement> judge(const ports::Proposal& proposal) override;
  [[nodiscard]] chat::base::Status apply(const ports::Proposal& proposal) override;
  [[nodiscard]] chat::base::Status mark_deleting(std::string_view name) override;

  [[nodiscard]] chat::base::Result<ports::Listing<ports::StoredOperation>> operations() override;
  [[nodiscard]] chat::base::Result<ports::StoredOperation> read_operation(std::string_view name) override;
  [[nodiscard]] chat::base::Status delete_operation(std::string_view name) override;

  [[nodiscard]] ports::OperatorSeen operator_seen() override;
  [[nodiscard]] std::string operator_command() const override;
  [[nodiscard]] std::vector<ports::ProcessLine> processes(const std::string& cluster) override;

  [[nodiscard]] std::vector<std::string> logs(const std::string& cluster) override;
  [[nodiscard]] chat::base::Status copy_log(const std::string& cluster, const ports::LogRequest& request,
                                            std::ostream& out) override;
  [[nodiscard]] std::vector<std::string> last_lines(const std::string& cluster, const std::string& process,
                                                    std::size_t count) override;
  [[nodiscard]] std::unique_ptr<ports::Watch> watch(Signals signals) override;

 private:
  [[nodiscard]] chat::base::Error said(const chat::base::Error& error, ports::SiteErrc otherwise) const;
  [[nodiscard]] chat::base::Result<chat::base::Json> get(const Kind& kind, std::string_view name);
  [[nodiscard]] chat::base::Result<std::vector<chat::base::Json>> all(const Kind& kind);
  [[nodiscard]] chat::base::Status remove(const Kind& kind, std::string_view name);
  [[nodiscard]] chat::base::Result<std::vector<chat::base::Json>> pods(const std::string& name_space,
                                                                       const std::string& labels);
  struct Process {
    std::string name;
    chat::base::Json pod;
  };
  // Sorted by name.
  [[nodiscard]] chat::base::Result<std::vector<Process>> processes_of_cluster(const std::string& cluster);
  [[nodiscard]] chat::base::Result<chat::base::Json> pod_of(const std::string& cluster, const std::string& process);
  // The operator's Lease; null: there is none. Its own error where it may not be seen.
  [[nodiscard]] chat::base::Result<chat::base::Json> lease();
  [[nodiscard]] chat::base::Result<chat::base::Json> pod_of_operator();

  Options options_;
  Connection connection_;
};

}  // namespace chatop::kubernetes
