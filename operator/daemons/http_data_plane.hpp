#pragma once
#include "operator/ports/data_plane.hpp"

namespace chatop::daemons {

// The daemons' admin HTTP. Stateless: a connection a call.
class HttpDataPlane final : public ports::DataPlane {
 public:
  chat::base::Task<chat::base::Result<ports::DaemonReport>> report(chat::base::HostPort admin,
                                                                   std::string token) override;
  chat::base::Task<chat::base::Status> put_map(chat::base::HostPort admin, std::string token, std::string map) override;
  chat::base::Task<chat::base::Status> drain(chat::base::HostPort admin, std::string token,
                                             ports::DrainOrder order) override;
};

}  // namespace chatop::daemons
