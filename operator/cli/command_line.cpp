#include "operator/cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <ostream>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/text.hpp"
#include "operator/api/chat_cluster.hpp"
#include "operator/cli/verbs.hpp"

namespace chatop::cli {
namespace {

constexpr std::array<std::string_view, 10> kVerbs{"up",     "down",   "apply", "get",  "describe",
                                                  "delete", "status", "logs",  "help", "version"};
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

// What was asked for, as CLI11 fills it in.
struct Request {
  std::string directory;
  std::vector<std::string> resource;  // kind and name, or kind/name
  std::string status_name;
  std::int64_t timeout = kDefaultTimeout.count();
  ApplyOptions apply;
  GetOptions get;
  DeleteOptions remove;
  LogsOptions logs;
  UpOptions up;
  DownOptions down;
  std::function<int(Session&)> verb;
};

int bad_usage(std::ostream& err, const std::string& message) {
  err << "chatctl: " << message << "\n";
  return kBadUsage;
}

// The first word that is no option, and no option's value.
std::string_view first_word(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--dir")
      ++i;
    else if (!arguments[i].starts_with('-'))
      return arguments[i];
  }
  return "";
}

std::string unknown_verb(std::string_view verb) {
  if (one_of(kLaterVerbs, verb)) return std::string(verb) + " is not served yet by this version";
  auto near = chat::base::nearest(verb.substr(0, 64), kVerbs);
  return "there is no verb \"" + std::string(verb.substr(0, 64)) + "\"" +
         (near ? ": did you mean " + std::string(*near) + "?" : ": see chatctl --help");
}

// Splits "chatcluster NAME" and "chatcluster/NAME" into its name, which may be empty. Throws CLI::ValidationError.
std::string resource_name(std::vector<std::string> words, bool required) {
  if (auto slash = words.front().find('/'); words.size() == 1 && slash != std::string::npos)
    words = {words.front().substr(0, slash), words.front().substr(slash + 1)};
  const std::string& kind = words.front();
  if (one_of(kOperationKinds, kind))
    throw CLI::ValidationError(kind, "no operation is served yet by this version, so there are no ChatOperations");
  if (!one_of(kClusterKinds, kind)) {
    auto near = chat::base::nearest(std::string_view(kind).substr(0, 64), kClusterKinds);
    throw CLI::ValidationError(kind, "is not a kind" + (near ? ": did you mean " + std::string(*near) + "?"
                                                             : std::string(": write chatcluster NAME")));
  }
  if (required && words.size() < 2) throw CLI::ValidationError(kind, "the name is missing: write chatcluster NAME");
  return words.size() < 2 ? "" : words[1];
}

CLI::App* add_verb(CLI::App& app, Request& request, const std::string& name, const std::string& description,
                   std::function<int(Session&)> verb) {
  auto* command = app.add_subcommand(name, description);
  command->fallthrough();  // --dir may stand behind the verb
  command->callback([&request, verb = std::move(verb)] { request.verb = verb; });
  return command;
}

void add_timeout(CLI::App* command, Request& request) {
  command->add_option("--timeout", request.timeout, "Seconds to wait at most")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
}

void add_process_verbs(CLI::App& app, Request& request) {
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
  auto* logs = add_verb(app, request, "logs", "The log of a process: gateway-0, shard-1, redis, operator, ...",
                        [&request](Session& s) { return cli::logs(s, request.logs); });
  logs->add_option("PROCESS", request.logs.process, "Its name")->required();
  logs->add_option("--cluster,-c", request.logs.cluster, "Its ChatCluster, where there are several");
  logs->add_flag("--follow,-f", request.logs.follow, "Go on until Ctrl-C");
  logs->add_option("--tail", request.logs.tail, "Only the last lines")->check(CLI::NonNegativeNumber);
}

void add_resource_verbs(CLI::App& app, Request& request) {
  auto* apply = add_verb(app, request, "apply", "Create or change what FILE describes",
                         [&request](Session& s) { return cli::apply(s, request.apply); });
  apply->add_option("-f,--filename", request.apply.files, "A file; - reads standard input")->required();
  const std::map<std::string, Output> outputs{{"wide", Output::Wide}, {"json", Output::Json}, {"yaml", Output::Yaml}};
  auto* get = add_verb(app, request, "get", "List ChatClusters, or show one", [&request](Session& s) {
    request.get.name = resource_name(request.resource, false);
    return cli::get(s, request.get);
  });
  get->add_option("-o,--output", request.get.output, "wide, json or yaml")->transform(CLI::CheckedTransformer(outputs));
  auto* describe = add_verb(app, request, "describe", "Everything about one ChatCluster", [&request](Session& s) {
    return cli::describe(s, resource_name(request.resource, false));
  });
  auto* remove = add_verb(app, request, "delete", "Stop a ChatCluster and remove it", [&request](Session& s) {
    request.remove.name = resource_name(request.resource, true);
    request.remove.timeout = std::chrono::seconds(request.timeout);
    return cli::remove(s, request.remove);
  });
  remove->add_flag("--wait", request.remove.wait, "Return when it is gone");
  add_timeout(remove, request);
  for (auto* command : {get, describe, remove})
    command->add_option("KIND", request.resource, "chatcluster (chat) [NAME]")->required()->expected(1, 2);
  add_verb(app, request, "status", "One screen: is it well, what is wrong, what to do", [&request](Session& s) {
    return cli::status(s, request.status_name);
  })->add_option("NAME", request.status_name, "The ChatCluster; all of them without it");
}

}  // namespace

int run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err, bool colour,
        const OpenMachine& open) {
  Request request;
  CLI::App app("chatctl: the command line of chatcluster", "chatctl");
  app.add_option("--dir", request.directory, "The state directory (else $CHATCLUSTER_DIR, else a folder of yours)");
  app.set_version_flag("--version", "chatctl " CHATCLUSTER_VERSION);
  app.require_subcommand(1);
  add_process_verbs(app, request);
  add_resource_verbs(app, request);
  add_verb(app, request, "version", "The version of this program", [](Session& s) {
    s.out << "chatctl " CHATCLUSTER_VERSION "\n";
    return kDone;
  });
  add_verb(app, request, "help", "This text", [&app](Session& s) {
    s.out << app.help();
    return kDone;
  });
  if (auto verb = first_word(arguments); !verb.empty() && !one_of(kVerbs, verb))
    return bad_usage(err, unknown_verb(verb));
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes them from the back
    const auto machine = open(request.directory);
    Session session{out, err, colour, *machine, chat::base::SystemClock().now_milliseconds()};
    return request.verb(session);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked, out, err);
  } catch (const CLI::ParseError& error) {
    return bad_usage(err, std::string(error.what()) + " (see chatctl --help)");
  }
}

}  // namespace chatop::cli
