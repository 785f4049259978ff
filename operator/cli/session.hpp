#pragma once
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

#include "dataplane/base/result.hpp"
#include "operator/ports/site.hpp"

namespace chatop::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kBadUsage = 2;

// What a verb works with: where it writes, and where the ChatClusters are that it speaks about. One verb a process; one
// thread.
struct Session {
  std::ostream& out;
  std::ostream& err;
  bool colour = false;  // both streams are terminals
  std::string program;  // "chatctl", "kubectl chat"
  std::string command;  // what a person types to speak of the same place: "kubectl chat -n prod"
  ports::Site& site;
  ports::Machine* machine = nullptr;  // the site, where it is a machine's; nullptr on Kubernetes
  std::int64_t now_milliseconds = 0;
};

// Prints "chatctl: …" and returns kFailed.
int failed(Session& session, std::string_view message);
int failed(Session& session, const chat::base::Error& error);

enum class Colour { Green, Yellow, Red, Dim, Bold };
// The text in colour, or as it is where the session has none.
[[nodiscard]] std::string painted(const Session& session, Colour colour, std::string_view text);

}  // namespace chatop::cli
