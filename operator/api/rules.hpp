#pragma once
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "operator/api/chat_cluster.hpp"

namespace chatop::api {

// What the fields of a spec must obey together.
struct Rule {
  std::string_view path;   // the field to mend
  std::string_view about;  // the rule is silent while something below this path is wrong by itself
  bool (*holds)(const ChatClusterSpec&);
  std::string (*problem)(const ChatClusterSpec&);
  std::string_view remedy;
  // The same in CEL, of what is at `about`; empty where the schema itself says it. `cel_problem` is the problem with %d
  // and %s for the `cel_figures`; empty: `problem` says the same of any spec.
  std::string_view cel;
  std::string_view cel_problem;
  std::string_view cel_figures;
};
[[nodiscard]] std::span<const Rule> rules();

}  // namespace chatop::api
