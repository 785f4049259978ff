#pragma once
#include "dataplane/base/config.hpp"
#include "dataplane/base/task.hpp"
#include "dataplane/io/http/message.hpp"
#include "dataplane/io/tls/source.hpp"

namespace chat::io::http {

enum class ClientErrc { resolve = 1, connect, send, receive, timeout };
std::error_code make_error_code(ClientErrc code);

// One request on a connection of its own, whole within `timeout`; at most `body_bytes` of answer. For admin calls
// between our own processes: a few a second, so no pool. With TLS where `secure` is not null.
[[nodiscard]] base::Task<base::Result<Response>> fetch(base::HostPort where, Request request,
                                                       std::chrono::milliseconds timeout,
                                                       std::size_t body_bytes = 4 * 1024 * 1024,
                                                       const tls::Source* secure = nullptr);
[[nodiscard]] Request get(std::string_view target, std::string_view bearer = {});
[[nodiscard]] Request put_json(std::string_view target, std::string body, std::string_view bearer = {});
[[nodiscard]] Request post_json(std::string_view target, std::string body, std::string_view bearer = {});

}  // namespace chat::io::http

template <>
struct std::is_error_code_enum<chat::io::http::ClientErrc> : std::true_type {};
