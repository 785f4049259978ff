#pragma once
#include <functional>
#include <random>

#include "dataplane/base/task.hpp"
#include "operator/kubernetes/control/work_order.hpp"

namespace chatop::kubernetes {

// Workers on a WorkOrder: as many keys at once as there are workers, a key by one at a time. One thread.
class WorkQueue {
 public:
  using Handler = std::function<chat::base::Task<Outcome>(std::string key)>;
  struct Options {
    std::size_t workers = 4;
    std::size_t most_keys = 20'000;
  };
  WorkQueue(const chat::base::Clock& clock, boost::asio::any_io_executor executor, Handler handler, Options options);

  void start();
  // False: full; look at everything again later.
  bool add(const std::string& key, Urgency urgency, std::chrono::milliseconds after = {});
  // Nothing more begins; completes when what runs has ended, or false at `deadline`.
  chat::base::Task<bool> stop(chat::base::SteadyTime deadline);
  [[nodiscard]] std::size_t size() const { return order_.size(); }

 private:
  chat::base::Task<> work();

  const chat::base::Clock& clock_;
  boost::asio::any_io_executor executor_;
  Handler handler_;
  Options options_;
  WorkOrder order_;
  std::mt19937 random_;
  std::vector<boost::asio::steady_timer*> waiting_;  // of workers that have nothing to do
  bool stopping_ = false;
  chat::base::TaskGroup group_;
};

}  // namespace chatop::kubernetes
