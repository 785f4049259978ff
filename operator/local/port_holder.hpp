#pragma once
#include <cstdint>
#include <string>

namespace chatop::local {

// Who listens on that TCP port of this machine: "nginx (pid 17)". Empty where nobody does, or where it is a program of
// another user that only root could name.
[[nodiscard]] std::string port_holder(std::uint16_t port);

}  // namespace chatop::local
