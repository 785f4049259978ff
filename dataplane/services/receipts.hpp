#pragma once
#include <functional>
#include <vector>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/task.hpp"
#include "dataplane/ports/store.hpp"
#include "dataplane/services/fan_out.hpp"

namespace chat::services {

// Stores receipts in batches: those that arrive while one batch is being written make the next. Those that moved
// someone forward are told to the members. On the executor's thread; await idle() before it is destroyed.
class Receipts {
 public:
  using Done = std::function<void(base::Status)>;
  Receipts(boost::asio::any_io_executor executor, ports::Store& store, FanOut& fan_out);
  // Past the bound of waiting ones: `unavailable`. `done` is called once, not from inside.
  void record(domain::Receipt receipt, Done done);
  [[nodiscard]] base::Task<bool> idle(base::SteadyTime deadline) { return tasks_.idle(deadline); }

 private:
  base::Task<> write();
  void publish(const domain::Receipt& receipt, const ports::Store::ReceiptAnswer& answer);

  boost::asio::any_io_executor executor_;
  ports::Store& store_;
  FanOut& fan_out_;
  std::vector<std::pair<domain::Receipt, Done>> waiting_;
  bool writing_ = false;
  base::TaskGroup tasks_;
};

}  // namespace chat::services
