#pragma once
#include <boost/asio/signal_set.hpp>
#include <functional>
#include <optional>

#include "dataplane/base/log.hpp"
#include "operator/kubernetes/control/reflector.hpp"
#include "operator/kubernetes/site/connection.hpp"
#include "operator/ports/site.hpp"

namespace chatop::kubernetes {

// Wakes for changes of a namespace's ChatClusters, the end of the operator, and Ctrl-C. An operator that dies leaves
// its Lease behind: `operator_runs` is asked every ten seconds while it is followed. With Signals::take, SIGINT and
// SIGTERM wake it from the construction to the destruction. The connection must outlive it; one thread.
class SiteWatch final : public ports::Watch {
 public:
  SiteWatch(Connection& connection, ListRequest documents, ports::Site::Signals signals,
            std::function<bool()> operator_runs);
  SiteWatch(const SiteWatch&) = delete;
  SiteWatch& operator=(const SiteWatch&) = delete;
  ~SiteWatch() override;

  void follow_operator() override;
  Woken wait(std::chrono::milliseconds most) override;

 private:
  void await_signal();
  void run_until(chat::base::SteadyTime end);
  Connection& connection_;
  std::function<bool()> operator_runs_;
  chat::base::Log log_{"watch", chat::base::Level::error};  // what a watch recovers from is nothing for a person
  std::optional<boost::asio::signal_set> signals_;
  bool changed_ = false;
  bool interrupted_ = false;
  std::optional<chat::base::SteadyTime> ask_at_;  // about the operator
  chat::base::TaskGroup tasks_;
  Reflector reflector_;
};

}  // namespace chatop::kubernetes
