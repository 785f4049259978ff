#pragma once
#include "dataplane/base/tcp.hpp"
#include "dataplane/io/tls/source.hpp"
#include "dataplane/io/tls/stream.hpp"

namespace chat::io::tls {

constexpr std::chrono::seconds kHandshakeTime{10};  // of a server's; a client's is part of its time to connect

// Shakes hands, on a stream with TLS. Ends by `deadline`. The stream must live until then; closing its socket ends it.
[[nodiscard]] base::Task<base::Status> handshake(Stream& stream, base::SteadyTime deadline);

// connect_tcp(), then TLS where `secure` is not null. Errors are those of TCP, or of TLS with the reason in words.
[[nodiscard]] base::Task<base::Result<Stream>> connect(base::HostPort where, const Source* secure,
                                                       base::SteadyTime deadline);

}  // namespace chat::io::tls
