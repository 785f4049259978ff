#pragma once
#include "operator/daemons/trusted.hpp"
#include "operator/ports/data_plane.hpp"

namespace chatop::daemons {

// The daemons' admin HTTP: a connection a call.
class HttpDataPlane final : public ports::DataPlane {
 public:
  HttpDataPlane(boost::asio::any_io_executor executor, const chat::base::Log& log) : peers_(std::move(executor), log) {}
  chat::base::Task<chat::base::Result<ports::DaemonReport>> report(chat::base::HostPort admin,
                                                                   ports::AdminAccess access) override;
  chat::base::Task<chat::base::Status> put_map(chat::base::HostPort admin, ports::AdminAccess access,
                                               std::string map) override;
  chat::base::Task<chat::base::Status> drain(chat::base::HostPort admin, ports::AdminAccess access,
                                             ports::DrainOrder order) override;

 private:
  TrustedPeers peers_;
};

}  // namespace chatop::daemons
