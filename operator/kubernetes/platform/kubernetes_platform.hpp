#pragma once
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "dataplane/base/blocking_pool.hpp"
#include "dataplane/base/log.hpp"
#include "dataplane/base/turns.hpp"
#include "operator/daemons/redis_probe.hpp"
#include "operator/kubernetes/platform/cluster_secrets.hpp"
#include "operator/kubernetes/platform/external_reader.hpp"
#include "operator/kubernetes/platform/findings.hpp"
#include "operator/kubernetes/platform/kubernetes_store.hpp"
#include "operator/kubernetes/platform/pod_view.hpp"
#include "operator/kubernetes/platform/wanted_objects.hpp"
#include "operator/ports/platform.hpp"
#include "operator/settings/generated_secrets.hpp"

namespace chatop::kubernetes {

// What all clusters of one operator share. Outlives the platforms.
struct KubernetesEnvironment {
  boost::asio::any_io_executor executor;
  const chat::base::Log& log;
  const chat::base::Clock& clock;
  Client& client;  // whose writes end with our leadership
  Caches& caches;
  KubernetesStore& store;
  chat::base::BlockingPool& pool;  // for what takes a processor long
  chat::base::Turns& keys;         // of those who make one
  std::string image;               // of the daemons, where the spec names none
  std::string version;
  std::string operator_namespace;
  std::chrono::milliseconds secrets_every{60'000};  // so often those of a cluster are read
};

// One ChatCluster as Pods. What it tells comes from caches; what it does is applied, and done again only where what is
// there is not what was applied. A process is a Pod; which object makes it is said in operator/kubernetes/README.md.
// Nothing is removed but what carries our label, by its UID.
class KubernetesPlatform final : public ports::Platform {
 public:
  // `key` is the store's.
  KubernetesPlatform(const KubernetesEnvironment& environment, const std::string& key, std::function<void()> changed);

  chat::base::Task<chat::base::Status> open() override;
  ports::PlatformView observe(const std::vector<ports::ProcessSpec>& wanted) override;
  ports::Memory memory() override { return memory_; }
  chat::base::Task<chat::base::Status> prepare_cluster() override;
  chat::base::Task<chat::base::Status> prepare(ports::ProcessSpec process) override;
  chat::base::Task<chat::base::Status> start(ports::ProcessSpec process) override;
  chat::base::Task<chat::base::Status> grow_volume(std::string name) override;
  chat::base::Task<chat::base::Status> stop(std::string name, std::chrono::milliseconds grace) override;
  chat::base::Task<chat::base::Status> kill(std::string name) override;
  chat::base::Task<chat::base::Status> remember(ports::Memory memory) override;
  chat::base::Task<chat::base::Status> remove(bool keep_data) override;
  chat::base::Task<> tidy() override;
  void give_up() override;
  chat::base::Task<> close() override;
  chat::base::Task<ports::RedisReport> redis_report() override;
  chat::base::Result<ports::ShardAccess> shard_access(const std::string& shard) override;
  chat::base::Result<ports::AdminAccess> admin_access() override;
  void refused() override;

 private:
  using Json = chat::base::Json;
  using What = Caches::What;
  using Steady = std::chrono::steady_clock;

  // kubernetes_platform.cpp: what is
  void count(const std::vector<ports::ProcessSpec>& wanted);
  void look();  // what is wanted and which Pod is which process, from the caches as they are now
  [[nodiscard]] objects::Inputs inputs() const;
  [[nodiscard]] const Json* workload_object(ports::Role role, int ordinal) const;
  [[nodiscard]] const Json* pod_of(const std::string& process) const;
  [[nodiscard]] std::string pod_uid(const std::string& process) const;
  [[nodiscard]] bool is_there(const std::string& pod_uid, bool even_if_it_ends) const;
  [[nodiscard]] ports::ProcessView view(ports::Role role, int ordinal);
  void add_addresses(const Json* pod, ports::ProcessView& view) const;
  [[nodiscard]] bool is_in_hand(const ports::ProcessView& process, const Json* pod);
  [[nodiscard]] bool comes_back(const ports::ProcessView& process) const;
  [[nodiscard]] std::vector<ports::Finding> findings() const;
  [[nodiscard]] bool is_deleting() const;
  [[nodiscard]] std::string workload_of(ports::Role role, int ordinal) const;

  // kubernetes_applied.cpp
  [[nodiscard]] bool is_applied(What what, const std::string& name, const std::string& hash);
  [[nodiscard]] bool is_applied(const std::string& workload);
  [[nodiscard]] bool base_is_applied();
  [[nodiscard]] bool has_idle_surplus(const WantedWorkload& workload, const Json& object) const;
  [[nodiscard]] std::vector<std::string> stale_workloads();
  [[nodiscard]] std::vector<const Json*> unwanted_objects();
  [[nodiscard]] std::int64_t wanted_replicas(const WantedWorkload& workload) const;
  [[nodiscard]] bool map_is_there() const;
  [[nodiscard]] bool has_pods() const;

  // kubernetes_external.cpp: what somebody else runs
  [[nodiscard]] bool is_external(ports::Role role) const;
  [[nodiscard]] const ExternalServers* external() const;  // nullptr: none, or its Secrets were not read yet
  [[nodiscard]] bool wants_external() const;
  [[nodiscard]] bool external_is_known() const;
  [[nodiscard]] std::optional<ExternalReader::Wanted> wanted_external() const;
  chat::base::Task<chat::base::Status> open_external();
  [[nodiscard]] ports::ProcessView external_view(ports::ProcessView view) const;
  [[nodiscard]] chat::base::Result<ports::ShardAccess> external_access(const std::string& shard) const;

  // kubernetes_volumes.cpp
  [[nodiscard]] const Json* small_claim(const std::string& process) const;
  [[nodiscard]] bool is_outgrown(const std::string& process) const;
  [[nodiscard]] SeenObjects::Volumes volumes() const;

  // kubernetes_secrets.cpp
  chat::base::Task<chat::base::Result<std::optional<Json>>> read_secret(std::string name);
  chat::base::Task<chat::base::Result<ReadSecrets>> fetch_secrets();
  chat::base::Task<chat::base::Result<ReadSecrets>> read_secrets();
  chat::base::Task<> keep_reading_secrets();
  [[nodiscard]] bool keys_are_published();
  chat::base::Task<> renew(ReadSecrets read);
  chat::base::Task<chat::base::Status> renew_certificates(TlsSecrets read);
  chat::base::Task<> rotate_values(Json secret);
  chat::base::Task<> rotate_keys(Json secret);
  [[nodiscard]] ports::Trust trust() const;
  void read_secrets_soon(Steady::time_point when);
  chat::base::Task<chat::base::Status> ensure_secrets();
  chat::base::Task<chat::base::Result<settings::SigningKey>> make_key();
  chat::base::Task<chat::base::Result<InternalTls>> choose_internal_tls();
  chat::base::Task<chat::base::Status> make_secrets(InternalTls how);

  // kubernetes_acts.cpp
  chat::base::Task<chat::base::Status> apply(Json body);
  chat::base::Task<chat::base::Status> apply_base();
  chat::base::Task<chat::base::Status> apply_workload(std::string name, std::int64_t replicas);
  chat::base::Task<chat::base::Status> apply_stale_workloads();
  chat::base::Task<chat::base::Status> remove_unwanted();
  chat::base::Task<chat::base::Status> remove_object(What what, std::string name, std::string uid);
  chat::base::Task<chat::base::Status> remove_pod(std::string process, std::string uid);
  chat::base::Task<chat::base::Status> scale_in(std::string process, int ordinal, std::string uid);
  chat::base::Task<chat::base::Status> let_go(std::string process, std::string uid);
  // Until `holds`, asked after each change that is seen. False: `deadline` passed, or we are closing.
  chat::base::Task<bool> until(std::function<bool()> holds, Steady::time_point deadline);

  // kubernetes_removal.cpp
  chat::base::Task<chat::base::Status> take_down(ports::Role role, int ordinal, std::string uid);
  chat::base::Task<chat::base::Status> remove_workloads();
  chat::base::Task<chat::base::Status> remove_claims();
  chat::base::Task<chat::base::Status> remove_by_name(ObjectRef object);  // where it is ours

  KubernetesEnvironment environment_;
  std::string key_;
  std::string name_space_;
  std::string cluster_;
  std::shared_ptr<Caches::Listener> listener_;
  std::list<boost::asio::steady_timer*> waiting_;
  std::set<std::string> applying_;  // workloads
  bool closing_ = false;

  std::function<void()> changed_;
  std::optional<ClusterSecrets> secrets_;
  std::vector<ports::Finding> secret_findings_;
  std::string keys_problem_;  // why they could not be rotated
  std::string tls_problem_;
  InternalTls remembered_tls_ = InternalTls::off;  // by demo-map
  bool reads_secrets_ = false;
  std::int64_t secrets_generation_ = 0;  // of the document, when they were read last
  Steady::time_point secrets_read_{};
  Steady::time_point secrets_due_{};
  boost::asio::steady_timer secrets_alarm_;
  ExternalReader external_;
  ports::Memory memory_;
  std::map<ports::Role, int> counts_;  // of processes that are wanted
  std::string wanted_for_;             // what `wanted_` was made from
  WantedObjects wanted_;
  std::map<std::string, std::string> pods_;      // names, by process: see look()
  std::map<std::string, std::string> versions_;  // of objects as they were after our last apply, by kind and name
  daemons::RedisProbe redis_;
  chat::base::TaskGroup tasks_;
};

}  // namespace chatop::kubernetes
