#include "operator/cli/session.hpp"

#include <ostream>

namespace chatop::cli {

int failed(Session& session, std::string_view message) {
  session.err << painted(session, Colour::Red, session.program + ":") << " " << message << "\n";
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

}  // namespace chatop::cli
