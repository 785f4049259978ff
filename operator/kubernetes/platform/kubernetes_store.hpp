#pragma once
#include <map>
#include <memory>
#include <string>

#include "operator/kubernetes/control/event_recorder.hpp"
#include "operator/kubernetes/control/reflector.hpp"
#include "operator/ports/resource_store.hpp"

namespace chatop::kubernetes {

// The ChatClusters of the API server, from one watch. A document's key is "namespace/name@uid". Status is applied with
// our fields only, so that fields of a later version stay; what its conditions newly say is told as Events. One thread.
// Await stop() before it goes.
class KubernetesStore final : public ports::ResourceStore {
 public:
  struct Parts {
    Client& client;
    EventRecorder& events;
    const chat::base::Log& log;
    std::function<bool()> others_synced;  // what else must be known before anything is decided
    std::function<void()> changed;        // a document came, went or changed in more than its status
  };
  KubernetesStore(Parts parts, boost::asio::any_io_executor executor, std::string name_space);
  void start();
  chat::base::Task<> stop();

  // Fails before everything was listed once.
  chat::base::Result<ports::StoredClusters> list() override;
  chat::base::Task<chat::base::Status> write_status(std::string key, api::ChatClusterStatus status) override;
  // Takes our finalizer off: then the API server lets it go.
  chat::base::Task<chat::base::Status> remove(std::string key) override;

  // nullptr: it is not there, or can not be read. Valid until the next event.
  [[nodiscard]] const ports::StoredCluster* find(const std::string& key);
  // It waits for us when it is deleted.
  [[nodiscard]] bool held(const std::string& key);
  // Puts our finalizer on.
  chat::base::Task<chat::base::Status> hold(std::string key);
  [[nodiscard]] std::size_t count() const { return entries_.size(); }
  [[nodiscard]] bool synced() const { return reflector_.cache().synced() && parts_.others_synced(); }

 private:
  struct Entry {
    ports::StoredCluster stored;
    bool readable = false;
    bool held = false;
    std::size_t document = 0;  // hashes of what was last read
    std::size_t status = 0;
    bool status_is_new = true;  // it is read into `stored` when somebody asks
  };
  void take(const Change& change);
  void read_document(const std::string& place, const chat::base::Json& object);
  void read_status(const std::string& place, Entry& entry);
  chat::base::Task<chat::base::Status> apply_metadata(std::string key, chat::base::Json finalizers);
  void tell_events(const ports::StoredCluster& stored, const api::ChatClusterStatus& next);
  [[nodiscard]] Entry* entry_of(const std::string& key);

  Parts parts_;
  Reflector reflector_;
  std::map<std::string, Entry> entries_;  // by "namespace/name"
  chat::base::TaskGroup tasks_;
};

}  // namespace chatop::kubernetes
