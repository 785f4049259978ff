#include "operator/cli/grammar.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <ostream>

#include "dataplane/base/text.hpp"
#include "operator/cli/completion.hpp"

namespace chatop::cli {
namespace {

// Verbs of the contract that a later version serves.
constexpr std::array<std::string_view, 14> kLaterVerbs{"drain",   "split",   "merge",    "mitigate", "replay",
                                                       "warm",    "migrate", "failover", "backup",   "restore",
                                                       "approve", "cancel",  "decide",   "scaling"};
constexpr std::array<std::string_view, 3> kClusterKinds{"chatcluster", "chatclusters", "chat"};
constexpr std::array<std::string_view, 3> kOperationKinds{"chatoperation", "chatoperations", "chatop"};

template <std::size_t N>
bool one_of(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

struct Named {
  Kind kind = Kind::cluster;
  std::string name;  // empty: not given
};

// Splits "chatcluster NAME" and "chatcluster/NAME". Throws CLI::ValidationError.
Named named(std::vector<std::string> words, bool required) {
  if (auto slash = words.front().find('/'); words.size() == 1 && slash != std::string::npos)
    words = {words.front().substr(0, slash), words.front().substr(slash + 1)};
  const std::string& word = words.front();
  const auto kind = kind_of(word);
  if (!kind) {
    auto near = chat::base::nearest(std::string_view(word).substr(0, 64), kClusterKinds);
    if (!near) near = chat::base::nearest(std::string_view(word).substr(0, 64), kOperationKinds);
    throw CLI::ValidationError(word, "is not a kind" + (near ? ": did you mean " + std::string(*near) + "?"
                                                             : std::string(": write chatcluster NAME")));
  }
  Named result{*kind, words.size() < 2 ? "" : words[1]};
  if (required && result.name.empty()) throw CLI::ValidationError(word, "the name is missing: write " + word + " NAME");
  return result;
}

CLI::App* add_verb(CLI::App& app, Request& request, const std::string& name, const std::string& description,
                   std::function<int(Session&)> verb) {
  auto* command = app.add_subcommand(name, description);
  command->fallthrough();  // --dir may stand behind the verb
  command->callback([&request, verb = std::move(verb)] { request.verb = verb; });
  return command;
}

CLI::App* add_plain_verb(CLI::App& app, Request& request, const std::string& name, const std::string& description,
                         std::function<int(std::ostream&)> verb) {
  auto* command = app.add_subcommand(name, description);
  command->fallthrough();
  command->callback([&request, verb = std::move(verb)] { request.plain = verb; });
  return command;
}

void add_timeout(CLI::App* command, Request& request) {
  command->add_option("--timeout", request.timeout, "Seconds to wait at most")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
}

void add_machine_verbs(CLI::App& app, Request& request) {
  auto* up =
      add_verb(app, request, "up", "Start an operator, apply FILE, wait until it serves", [&request](Session& s) {
        request.up.timeout = std::chrono::seconds(request.timeout);
        return cli::up(s, request.up);
      });
  up->add_option("FILE", request.up.file, "A ChatCluster in YAML; - reads standard input")->required();
  up->add_flag("--detach,-d", request.up.detach, "Return when it serves; without it, Ctrl-C stops everything");
  add_timeout(up, request);
  auto* down = add_verb(app, request, "down", "Stop the operator and every process", [&request](Session& s) {
    request.down.timeout = std::chrono::seconds(request.timeout);
    return cli::down(s, request.down);
  });
  down->add_flag("--purge", request.down.purge, "Then remove all data");
  add_timeout(down, request);
}

void add_logs(CLI::App& app, Request& request) {
  auto* logs = add_verb(app, request, "logs", "The log of a process: gateway-0, shard-1, redis, operator, ...",
                        [&request](Session& s) { return cli::logs(s, request.logs); });
  logs->add_option("PROCESS", request.logs.process, "Its name")->required();
  logs->add_option("--cluster,-c", request.logs.cluster, "Its ChatCluster, where there are several");
  logs->add_flag("--follow,-f", request.logs.follow, "Go on until Ctrl-C");
  logs->add_option("--tail", request.logs.tail, "Only the last lines")->check(CLI::NonNegativeNumber);
}

void add_resource_verbs(CLI::App& app, Request& request, bool kubernetes) {
  auto* apply = add_verb(app, request, "apply", "Create or change what FILE describes",
                         [&request](Session& s) { return cli::apply(s, request.apply); });
  apply->add_option("-f,--filename", request.apply.files, "A file; - reads standard input")->required();
  if (kubernetes)
    apply->add_flag("--force-conflicts", request.place.force_conflicts,
                    "Take fields over that somebody else set by other means");
  const std::map<std::string, Output> outputs{{"wide", Output::Wide}, {"json", Output::Json}, {"yaml", Output::Yaml}};
  auto* get = add_verb(app, request, "get", "List ChatClusters or ChatOperations, or show one", [&request](Session& s) {
    auto meant = named(request.resource, false);
    request.get.kind = meant.kind;
    request.get.name = std::move(meant.name);
    return cli::get(s, request.get);
  });
  get->add_option("-o,--output", request.get.output, "wide, json or yaml")->transform(CLI::CheckedTransformer(outputs));
  auto* describe = add_verb(app, request, "describe", "Everything about one of them", [&request](Session& s) {
    const auto meant = named(request.resource, false);
    if (meant.kind == Kind::cluster) return cli::describe(s, meant.name);
    return cli::describe_operation(s, named(request.resource, true).name);
  });
  auto* remove = add_verb(app, request, "delete", "Stop a ChatCluster and remove it", [&request](Session& s) {
    auto meant = named(request.resource, true);
    request.remove.kind = meant.kind;
    request.remove.name = std::move(meant.name);
    request.remove.timeout = std::chrono::seconds(request.timeout);
    return cli::remove(s, request.remove);
  });
  remove->add_flag("--wait", request.remove.wait, "Return when it is gone");
  add_timeout(remove, request);
  for (auto* command : {get, describe, remove})
    command->add_option("KIND", request.resource, "chatcluster (chat) or chatoperation (chatop), and a NAME")
        ->required()
        ->expected(1, 2);
  add_verb(app, request, "status", "One screen: is it well, what is wrong, what to do", [&request](Session& s) {
    return cli::status(s, request.status_name);
  })->add_option("NAME", request.status_name, "The ChatCluster; all of them without it");
}

void add_place(CLI::App& app, Request& request, bool kubernetes) {
  auto& place = request.place;
  if (!kubernetes) {
    app.add_option("--dir", place.directory, "The state directory (else $CHATCLUSTER_DIR, else a folder of yours)");
    return;
  }
  app.add_option("--kubeconfig", place.kubeconfig,
                 "Its file (else $KUBECONFIG, else the Pod's own, else ~/.kube/config)");
  app.add_option("--context", place.context, "The context of the kubeconfig (else its current one)");
  app.add_option("-n,--namespace", place.name_space, "The namespace (else the context's)");
}

}  // namespace

std::optional<Kind> kind_of(std::string_view word) {
  if (one_of(kClusterKinds, word)) return Kind::cluster;
  if (one_of(kOperationKinds, word)) return Kind::operation;
  return std::nullopt;
}

std::vector<const CLI::App*> verbs_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

const CLI::App* verb_of(const CLI::App& app, std::string_view name) {
  for (const auto* verb : verbs_of(app))
    if (verb->get_name() == name) return verb;
  return nullptr;
}

std::string unknown_verb(const CLI::App& app, std::string_view verb) {
  if (one_of(kLaterVerbs, verb)) return std::string(verb) + " is not served yet by this version";
  std::vector<std::string> names;
  for (const auto* each : verbs_of(app)) names.push_back(each->get_name());
  auto near = chat::base::nearest(verb.substr(0, 64), names);
  return "there is no verb \"" + std::string(verb.substr(0, 64)) + "\"" +
         (near ? ": did you mean " + std::string(*near) + "?" : ": see " + app.get_name() + " --help");
}

void describe(CLI::App& app, Request& request, const Program& program) {
  const bool kubernetes = static_cast<bool>(program.open_namespace);
  const std::string version = program.name + " " CHATCLUSTER_VERSION;
  app.set_version_flag("--version", version);
  app.require_subcommand(1);
  add_place(app, request, kubernetes);
  if (!kubernetes) add_machine_verbs(app, request);
  add_logs(app, request);
  add_resource_verbs(app, request, kubernetes);
  add_plain_verb(app, request, "completion", "What a shell needs to complete words",
                 [&](std::ostream& out) {
                   out << completion_script(program, request.shell);
                   return kDone;
                 })
      ->add_option("SHELL", request.shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>(kShells.begin(), kShells.end())));
  add_plain_verb(app, request, "version", "The version of this program", [version](std::ostream& out) {
    out << version << "\n";
    return kDone;
  });
  add_plain_verb(app, request, "help", "This text", [&app](std::ostream& out) {
    out << app.help();
    return kDone;
  });
}

}  // namespace chatop::cli
