#pragma once
#include <functional>
#include <random>

#include "dataplane/base/log.hpp"
#include "operator/kubernetes/client/client.hpp"
#include "operator/kubernetes/control/lease_terms.hpp"

namespace chatop::kubernetes {

// One of several operators leads: who holds the Lease. The others look every second. Whoever can not renew stops before
// anybody else can begin: give writes_until() to the Client that writes. `lost` tells it too, but may come after the
// moment by the length of two requests: it is for cleaning up and not the fence. After a loss it stands
// again, and may lead again in a new epoch.
class LeaderElection {
 public:
  struct Options {
    std::string name_space;
    std::string name;      // of the Lease
    std::string identity;  // of this process alone: the Pod's name and something random
    LeaseTerms terms;
    std::function<void(std::int64_t epoch)> won = {};
    std::function<void()> lost = {};
  };
  LeaderElection(Http& http, const chat::base::Clock& clock, boost::asio::any_io_executor executor, Options options,
                 const chat::base::Log& log);

  // Until stop(). Belongs into a TaskGroup that is awaited before this goes.
  chat::base::Task<> run();
  void stop();
  // Once run() has ended and nothing of ours writes any more: the next one need not wait for the lease to run out.
  chat::base::Task<> release();

  [[nodiscard]] bool leads() const { return view_.leads(clock_.steady()); }
  [[nodiscard]] chat::base::SteadyTime writes_until() const { return view_.writes_until(); }
  [[nodiscard]] std::int64_t epoch() const { return view_.epoch(); }

 private:
  [[nodiscard]] ObjectRef lease() const;
  chat::base::Task<chat::base::Status> look();
  chat::base::Task<chat::base::Status> write(LeaseRecord record);
  chat::base::Task<bool> step();
  void tell();

  Client client_;
  const chat::base::Clock& clock_;
  boost::asio::steady_timer timer_;
  Options options_;
  const chat::base::Log& log_;
  std::mt19937 random_;
  LeaseView view_;
  chat::base::Json object_;  // as it was read or written last; null: there is none
  bool told_ = false;        // that we lead
  bool stopping_ = false;
};

}  // namespace chatop::kubernetes
