#include "dataplane/io/postgres/session.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "dataplane/base/secret_file.hpp"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
// libpqxx 6.4.5 does not clear the result of a statement whose connection broke: 2 KiB for each lost connection.
extern "C" const char* __lsan_default_suppressions() { return "leak:PQmakeEmptyPGresult\n"; }
#endif

namespace chat::io::postgres {
namespace {

void append_option(std::string& options, std::string_view key, std::string_view value) {
  if (!options.empty()) options += ' ';
  options += key;
  options += "='";
  for (char c : value) {
    if (c == '\'' || c == '\\') options += '\\';
    options += c;
  }
  options += '\'';
}

std::string connection_string(const Target& target) {
  auto seconds = std::chrono::ceil<std::chrono::seconds>(target.connect_timeout).count();
  std::string options;
  append_option(options, "host", target.host);
  if (!target.address.empty()) append_option(options, "hostaddr", target.address);
  append_option(options, "port", std::to_string(target.port));
  append_option(options, "user", target.user);
  append_option(options, "password", base::read_secret_again(target.password_file, target.password));
  append_option(options, "dbname", target.database);
  append_option(options, "application_name", target.application);
  append_option(options, "client_encoding", "UTF8");
  append_option(options, "connect_timeout", std::to_string(std::max<std::int64_t>(seconds, 2)));  // libpq's least
  append_option(options, "tcp_user_timeout", "3000");
  append_option(options, "keepalives_idle", "3");
  append_option(options, "keepalives_interval", "1");
  append_option(options, "keepalives_count", "3");
  append_option(options, "gssencmode", "disable");  // saves a round trip where Kerberos credentials lie around
  if (!target.ca_file.empty()) {
    append_option(options, "sslmode", target.sslmode);
    append_option(options, "sslrootcert", target.ca_file);
  }
  append_option(options, "options",
                "-c statement_timeout=" + std::to_string(target.statement_timeout.count()) +
                    " -c idle_in_transaction_session_timeout=2000");
  return options;
}

}  // namespace

bool Notices::operator()(const char message[]) noexcept {
  std::string_view text(message);
  if (text.find("SyncRepWaitForLSN") != std::string_view::npos ||
      text.find("might not have been replicated") != std::string_view::npos)
    commit_not_replicated = true;
  return false;  // not to standard error, where pqxx would write it
}

Session::Session(const Target& target)
    : connection(connection_string(target)),
      notices(connection),
      watched(::fcntl(connection.sock(), F_DUPFD_CLOEXEC, 0)) {
  connection.set_verbosity(pqxx::connection_base::verbose);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // gone in pqxx 7, where not reactivating is the only way
  connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
}

Session::~Session() {
  if (watched >= 0) ::close(watched);
}

}  // namespace chat::io::postgres
