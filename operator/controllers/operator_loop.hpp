#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "operator/controllers/cluster_controller.hpp"

namespace chatop::controllers {

// All ChatClusters of one store: a controller for each, made when its document appears, ended when it was removed.
// A document that can not be read changes nothing about what runs; nor does one that is gone without a request to
// delete, unless the store knows that this ends it.
class OperatorLoop {
 public:
  explicit OperatorLoop(const Environment& environment);

  // Reads the documents again soon. Also called by itself every second.
  void wake();
  // Until close(): looks after the documents.
  [[nodiscard]] chat::base::Task<> run();
  // Ends every process of every cluster, in order, `others` (clusters without a document) included. True when all
  // are gone, false when `deadline` passed first.
  [[nodiscard]] chat::base::Task<bool> stop_everything(std::vector<std::string> others,
                                                       std::chrono::steady_clock::time_point deadline);
  // Begins nothing more; leaves everything running. Acts under way are given until `deadline`.
  [[nodiscard]] chat::base::Task<> close(std::chrono::steady_clock::time_point deadline);

  // After close(): nothing of it runs any more.
  [[nodiscard]] bool is_idle() const { return tasks_.size() == 0; }
  // Every cluster that has a document has been looked at once.
  [[nodiscard]] bool has_decided() const;

 private:
  void read_documents();
  void say_unreadable(const std::vector<std::string>& unreadable);
  ClusterController& controller(const std::string& name);
  chat::base::Task<> run_controller(ClusterController& controller);
  void close_absent(const ports::StoredClusters& stored);
  void drop_finished();
  [[nodiscard]] bool all_finished() const;

  const Environment& environment_;
  std::map<std::string, std::unique_ptr<ClusterController>> controllers_;
  std::set<ClusterController*> running_;
  std::vector<std::string> unreadable_;
  bool has_read_ = false;
  bool closing_ = false;
  bool woken_ = false;
  bool stopping_everything_ = false;
  boost::asio::steady_timer alarm_;
  chat::base::TaskGroup tasks_;
};

}  // namespace chatop::controllers
