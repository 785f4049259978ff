#include "operator/cli/session.hpp"

#include <unistd.h>

#include <cstdlib>
#include <ostream>

namespace chatop::cli {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
  return value ? value : "";
}

}  // namespace

int failed(Session& session, std::string_view message) {
  session.err << painted(session, Colour::Red, "chatctl:") << " " << message << "\n";
  return kFailed;
}

int failed(Session& session, const chat::base::Error& error) { return failed(session, error.message); }

std::string painted(const Session& session, Colour colour, std::string_view text) {
  if (!session.colour) return std::string(text);
  const char* code = "";
  switch (colour) {
    case Colour::Green:
      code = "32";
      break;
    case Colour::Yellow:
      code = "33";
      break;
    case Colour::Red:
      code = "31";
      break;
    case Colour::Dim:
      code = "2";
      break;
    case Colour::Bold:
      code = "1";
      break;
  }
  return std::string("\033[") + code + "m" + std::string(text) + "\033[0m";
}

std::filesystem::path state_directory(const std::string& from_flag) {
  std::filesystem::path chosen = from_flag;
  if (chosen.empty()) chosen = environment("CHATCLUSTER_DIR");
  if (chosen.empty() && ::geteuid() == 0) chosen = "/var/lib/chatcluster";
  if (chosen.empty()) {
    std::filesystem::path data = environment("XDG_DATA_HOME");
    if (data.empty()) data = std::filesystem::path(environment("HOME")) / ".local/share";
    chosen = data / "chatcluster";
  }
  auto path = std::filesystem::absolute(chosen).lexically_normal();
  return path.has_filename() ? path : path.parent_path();  // without a slash at the end
}

}  // namespace chatop::cli
