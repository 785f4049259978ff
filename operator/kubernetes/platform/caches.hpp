#pragma once
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "operator/kubernetes/control/reflector.hpp"

namespace chatop::kubernetes {

// Everything that the operator knows of the objects that ChatClusters are made of: one watch a kind for all of them,
// narrowed to ours by label, trimmed as trim.hpp says. One thread. Await stop() before it goes.
class Caches {
 public:
  // `name_space` empty: all.
  Caches(Client& client, boost::asio::any_io_executor executor, const std::string& name_space,
         const chat::base::Log& log);
  // `synced` is called once, when every kind was listed.
  void start(std::function<void()> synced);
  chat::base::Task<> stop();

  // Every kind was listed once. Before that nothing is known, and nothing may be done.
  [[nodiscard]] bool synced() const;

  enum class What {
    pods,
    stateful_sets,
    deployments,
    services,
    config_maps,
    accounts,
    policies,
    budgets,
    claims,
    failures,  // Events that say why a StatefulSet can not make its Pods
    classes
  };
  static constexpr std::size_t kKinds = 11;
  [[nodiscard]] const Kind& kind(What what) const { return watched(what).kind; }
  [[nodiscard]] const chat::base::Json* find(What what, const std::string& name_space, const std::string& name) const;
  // Those whose label says that they belong to this ChatCluster. Valid, as with find(), until the caller waits.
  [[nodiscard]] std::vector<const chat::base::Json*> of_cluster(What what, const std::string& name_space,
                                                                const std::string& cluster) const;
  // Events about the object with this UID.
  [[nodiscard]] const chat::base::Json* failure_of(const std::string& name_space, const std::string& name,
                                                   const std::string& uid) const;
  [[nodiscard]] bool has_class(const std::string& name) const;
  [[nodiscard]] bool volumes_may_grow(const std::string& storage_class) const;

  // Calls `changed` after something changed that may belong to the ChatCluster. The handle ends it.
  class Listener;
  [[nodiscard]] std::shared_ptr<Listener> listen(const std::string& name_space, const std::string& cluster,
                                                 std::function<void()> changed);

 private:
  struct Watched {
    Kind kind;
    std::unique_ptr<Reflector> reflector;
  };
  void add(What what, const Kind& kind, ListRequest request, Keep keep);
  void tell(const std::string& key);
  void tell_all();
  void tell_synced();
  [[nodiscard]] const Watched& watched(What what) const { return watched_.at(what); }
  [[nodiscard]] const Cache& look(What what) const;

  Client& client_;
  boost::asio::any_io_executor executor_;
  std::string name_space_;
  const chat::base::Log& log_;
  std::function<void()> synced_;  // until it was called
  std::map<What, Watched> watched_;
  std::multimap<std::string, std::weak_ptr<Listener>> listeners_;  // by "namespace/cluster"
  mutable boost::asio::steady_timer fold_;
  chat::base::TaskGroup tasks_;
  std::shared_ptr<bool> folds_soon_ = std::make_shared<bool>(false);  // shared with the timer's handler
};

class Caches::Listener {
 public:
  explicit Listener(std::function<void()> changed) : changed_(std::move(changed)) {}
  void tell() const { changed_(); }

 private:
  std::function<void()> changed_;
};

}  // namespace chatop::kubernetes
