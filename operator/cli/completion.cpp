#include "operator/cli/completion.hpp"

#include <array>
#include <map>
#include <ostream>
#include <string_view>

#include "operator/cli/grammar.hpp"

namespace chatop::cli {
namespace {

constexpr const char* kNothingElse = ":4";
constexpr const char* kOrAFile = ":0";

// What stands before the word that is completed.
struct Typed {
  const CLI::App* verb = nullptr;
  bool strange = false;                       // a verb that there is not
  std::vector<std::string> operands;          // of the verb
  std::map<std::string, std::string> values;  // of options, by their long names
  std::string awaited;                        // the option whose value comes next; empty: none
};

Typed read(const CLI::App& app, const std::vector<std::string>& words) {
  Typed typed;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const auto& word = words[i];
    if (word.starts_with('-')) {
      const auto* option = typed.verb != nullptr ? typed.verb->get_option_no_throw(word) : nullptr;
      if (option == nullptr) option = app.get_option_no_throw(word);
      if (option == nullptr || option->get_items_expected_min() == 0 || option->get_lnames().empty()) continue;
      const auto& name = option->get_lnames().front();
      if (i + 2 < words.size())
        typed.values[name] = words[++i];
      else
        typed.awaited = name;
    } else if (typed.verb == nullptr) {
      typed.verb = verb_of(app, word);
      typed.strange = typed.strange || typed.verb == nullptr;
    } else {
      typed.operands.push_back(word);
    }
  }
  return typed;
}

// Collects what begins as the current word does.
class Candidates {
 public:
  Candidates(std::ostream& out, std::string_view current) : out_(out), current_(current) {}
  void add(const std::string& word, const std::string& about = {}) {
    if (word.starts_with(current_)) out_ << word << (about.empty() ? "" : "\t" + about) << "\n";
  }
  void add_options(const CLI::App& app) {
    for (const auto* option : app.get_options())
      for (const auto& name : option->get_lnames()) add("--" + name, option->get_description());
  }

 private:
  std::ostream& out_;
  std::string_view current_;
};

// Asks the site that the words speak of.
template <class Ask>
void ask(const Program& program, const Typed& typed, Ask about) {
  auto value = [&typed](const char* name) {
    auto found = typed.values.find(name);
    return found == typed.values.end() ? std::string() : found->second;
  };
  const Place place{value("dir"), value("kubeconfig"), value("context"), value("namespace"), false, true};
  if (program.open_machine) {
    about(*program.open_machine(place));
  } else if (auto site = program.open_namespace(place)) {
    about(**site);
  }
}

void add_names(const Program& program, const Typed& typed, Kind kind, Candidates& candidates) {
  ask(program, typed, [kind, &candidates](ports::Site& site) {
    if (kind == Kind::cluster) {
      if (auto names = site.names())
        for (const auto& name : *names) candidates.add(name);
    } else if (auto listing = site.operations()) {
      for (const auto& stored : listing->items) candidates.add(stored.operation.metadata.name);
    }
  });
}

void add_processes(const Program& program, const Typed& typed, Candidates& candidates) {
  candidates.add(std::string(ports::kOperatorLog), "the operator itself");
  ask(program, typed, [&typed, &candidates](ports::Site& site) {
    auto given = typed.values.find("cluster");
    auto names = site.names();
    std::string cluster = given != typed.values.end() ? given->second : "";
    if (cluster.empty() && names && names->size() == 1) cluster = names->front();
    if (cluster.empty()) return;
    for (const auto& process : site.logs(cluster)) candidates.add(process);
  });
}

// False: also a file may stand there.
bool add_value(const Program& program, const Typed& typed, Candidates& candidates) {
  if (typed.awaited == "output")
    for (const char* form : {"wide", "json", "yaml"}) candidates.add(form);
  if (typed.awaited == "cluster") add_names(program, typed, Kind::cluster, candidates);
  return typed.awaited != "filename" && typed.awaited != "dir" && typed.awaited != "kubeconfig";
}

bool add_operand(const Program& program, const Typed& typed, Candidates& candidates) {
  const std::string verb = typed.verb->get_name();
  const auto place = typed.operands.size();
  if (verb == "up") return place > 0;
  if (verb == "completion" && place == 0)
    for (const char* shell : kShells) candidates.add(shell);
  if (verb == "status" && place == 0) add_names(program, typed, Kind::cluster, candidates);
  if (verb == "logs" && place == 0) add_processes(program, typed, candidates);
  if (verb != "get" && verb != "describe" && verb != "delete") return true;
  if (place == 0)
    for (const char* kind : kKinds) candidates.add(kind);
  if (auto kind = place == 1 ? kind_of(typed.operands.front()) : std::nullopt)
    add_names(program, typed, *kind, candidates);
  return true;
}

constexpr std::string_view kBash = R"(# To be read by bash:  source <(%PROGRAM% completion bash)
_%PROGRAM%_complete() {
  local all word
  mapfile -t all < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=()
  for word in "${all[@]}"; do
    case "$word" in
      :0) [ "${#COMPREPLY[@]}" -gt 0 ] || compopt -o default ;;
      :*) ;;
      *) COMPREPLY+=("${word%%$'\t'*}") ;;
    esac
  done
}
complete -F _%PROGRAM%_complete %PROGRAM%
)";
constexpr std::string_view kZsh = R"(#compdef %PROGRAM%
# To be read by zsh:  source <(%PROGRAM% completion zsh)
_%PROGRAM%_complete() {
  local -a all found
  all=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=("${(@)${(@)all:#:*}%%$'\t'*}")
  if [[ -n "${found[1]}" ]]; then
    compadd -- "${found[@]}"
  elif [[ "${all[-1]}" == :0 ]]; then
    _files
  fi
}
compdef _%PROGRAM%_complete %PROGRAM%
)";
constexpr std::string_view kFish = R"(# To be read by fish:  %PROGRAM% completion fish | source
function __%PROGRAM%_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l all (command $words[1] __complete $words[2..-1] "$current" 2>/dev/null)
  if test (count $all) -eq 1 -a "$all[-1]" = ":0"
    __fish_complete_path "$current"
  else
    string match -v ':*' -- $all
  end
end
complete -c %PROGRAM% -f -a '(__%PROGRAM%_complete)'
)";

}  // namespace

std::string completion_script(const Program& program, const std::string& shell) {
  constexpr std::string_view kPlaceholder = "%PROGRAM%";
  std::string text(shell == "bash" ? kBash : shell == "zsh" ? kZsh : kFish);
  for (auto at = text.find(kPlaceholder); at != std::string::npos; at = text.find(kPlaceholder, at))
    text.replace(at, kPlaceholder.size(), program.executable);
  return text;
}

int complete(const Program& program, const std::vector<std::string>& words, std::ostream& out) {
  Request request;
  CLI::App app(program.name, program.name);
  describe(app, request, program);
  const auto typed = read(app, words);
  const std::string current = words.empty() ? "" : words.back();
  Candidates candidates(out, current);
  bool nothing_else = true;
  if (typed.strange) {
    nothing_else = true;
  } else if (!typed.awaited.empty()) {
    nothing_else = add_value(program, typed, candidates);
  } else if (current.starts_with('-')) {
    if (typed.verb != nullptr) candidates.add_options(*typed.verb);
    candidates.add_options(app);
  } else if (typed.verb == nullptr) {
    for (const auto* verb : verbs_of(app)) candidates.add(verb->get_name(), verb->get_description());
  } else {
    nothing_else = add_operand(program, typed, candidates);
  }
  out << (nothing_else ? kNothingElse : kOrAFile) << "\n";
  return kDone;
}

}  // namespace chatop::cli
