#pragma once
#include <CLI/CLI.hpp>
#include <array>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operator/cli/command_line.hpp"
#include "operator/cli/verbs.hpp"

namespace chatop::cli {

// What was asked for, as CLI11 fills it in.
struct Request {
  Place place;
  std::vector<std::string> resource;  // kind and name, or kind/name
  std::string status_name;
  std::string shell;
  std::int64_t timeout = kDefaultTimeout.count();
  ApplyOptions apply;
  GetOptions get;
  DeleteOptions remove;
  LogsOptions logs;
  UpOptions up;
  DownOptions down;
  std::function<int(Session&)> verb;
  std::function<int(std::ostream& out)> plain;  // in place of `verb`: a verb that speaks of no place
};

// Gives `app` the flags and verbs of `program`; parsing fills `request`. All three must outlive each other's use.
void describe(CLI::App& app, Request& request, const Program& program);

[[nodiscard]] std::vector<const CLI::App*> verbs_of(const CLI::App& app);
[[nodiscard]] const CLI::App* verb_of(const CLI::App& app, std::string_view name);  // nullptr: there is none
// Why there is no such verb, and which was meant.
[[nodiscard]] std::string unknown_verb(const CLI::App& app, std::string_view verb);

inline constexpr std::array<const char*, 2> kKinds{"chatcluster", "chatoperation"};
inline constexpr std::array<const char*, 3> kShells{"bash", "zsh", "fish"};
// The kind that a person means by this word ("chat", "chatclusters"); nullopt: none.
[[nodiscard]] std::optional<Kind> kind_of(std::string_view word);

}  // namespace chatop::cli
