#include "operator/cli/command_line.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

#include "dataplane/base/clock.hpp"
#include "operator/cli/completion.hpp"
#include "operator/cli/grammar.hpp"

namespace chatop::cli {
namespace {

int bad_usage(const Program& program, std::ostream& err, const std::string& message) {
  err << program.name << ": " << message << "\n";
  return kBadUsage;
}

// The first word that is no option, and no option's value.
std::string_view first_word(const CLI::App& app, const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].starts_with('-')) return arguments[i];
    const auto* option = app.get_option_no_throw(arguments[i]);
    if (option != nullptr && option->get_items_expected_min() > 0) ++i;
  }
  return "";
}

// As a shell reads it.
std::string quoted(const std::string& word) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:@%+=,";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string text = "'";
  for (char letter : word) text += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  return text + "'";
}

// How a person speaks of the same place again.
std::string command_of(const Program& program, const Place& place) {
  std::string command = program.name;
  for (const auto& [flag, value] :
       {std::pair{"--kubeconfig", &place.kubeconfig}, {"--context", &place.context}, {"-n", &place.name_space}})
    if (!value->empty()) command += std::string(" ") + flag + " " + quoted(*value);
  return command;
}

int run_verb(const Program& program, Request& request, std::ostream& out, std::ostream& err, bool colour) {
  if (request.plain) return request.plain(out);
  const auto now = chat::base::SystemClock().now_milliseconds();
  if (program.open_machine) {
    const auto machine = program.open_machine(request.place);
    Session session{out, err, colour, program.name, program.name, *machine, machine.get(), now};
    return request.verb(session);
  }
  const auto site = program.open_namespace(request.place);
  if (!site) {
    err << program.name << ": " << site.error().message << "\n";
    return kFailed;
  }
  Session session{out, err, colour, program.name, command_of(program, request.place), **site, nullptr, now};
  return request.verb(session);
}

}  // namespace

int run(const Program& program, const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err,
        bool colour) {
  if (!arguments.empty() && arguments.front() == "__complete")
    return complete(program, {arguments.begin() + 1, arguments.end()}, out);
  Request request;
  CLI::App app(program.name + ": the command line of chatcluster", program.name);
  describe(app, request, program);
  const auto verb = std::string(first_word(app, arguments));
  if (!verb.empty() && verb_of(app, verb) == nullptr) return bad_usage(program, err, unknown_verb(app, verb));
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes them from the back
    return run_verb(program, request, out, err, colour);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked, out, err);
  } catch (const CLI::ParseError& error) {
    return bad_usage(program, err, std::string(error.what()) + " (see " + program.name + " --help)");
  }
}

}  // namespace chatop::cli
