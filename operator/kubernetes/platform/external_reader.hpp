#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "operator/kubernetes/client/client.hpp"
#include "operator/kubernetes/platform/external_servers.hpp"
#include "operator/ports/finding.hpp"

namespace chatop::kubernetes {

// Reads the Secrets of what somebody else runs for one ChatCluster, each by its name, and again every five seconds.
// What was read last and made sense is kept when one is gone or wrong, and a finding says so. One thread; await stop()
// before it goes.
class ExternalReader {
 public:
  struct Wanted {
    api::ChatClusterSpec spec;
    std::size_t shards = 0;  // of the published map; 0: there is none yet
  };
  struct Parts {
    Client& client;
    std::string name_space;
    std::function<std::optional<Wanted>()> wanted;  // nullopt: nothing is external any more
    std::function<void()> changed;
  };
  ExternalReader(Parts parts, const boost::asio::any_io_executor& executor);

  // Once, now. Errors are PlatformErrc: `later`, where the API server did not answer.
  [[nodiscard]] chat::base::Task<chat::base::Status> read();
  void follow();  // from now on; again is as once
  [[nodiscard]] chat::base::Task<> stop();

  // nullptr: never read, or of another kind than `spec` wants.
  [[nodiscard]] const ExternalServers* servers(const api::ChatClusterSpec& spec) const;
  [[nodiscard]] const std::vector<ports::Finding>& findings() const { return findings_; }

 private:
  [[nodiscard]] chat::base::Task<chat::base::Result<chat::base::Json>> get(std::string secret, const char* field);
  [[nodiscard]] chat::base::Task<chat::base::Result<ExternalServers>> read_all(Wanted wanted);
  chat::base::Task<> run();

  Parts parts_;
  std::optional<ExternalServers> servers_;
  std::vector<ports::Finding> findings_;
  bool follows_ = false;
  bool stopping_ = false;
  boost::asio::steady_timer alarm_;
  chat::base::TaskGroup tasks_;
};

}  // namespace chatop::kubernetes
