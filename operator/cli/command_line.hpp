#pragma once
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "operator/ports/site.hpp"

namespace chatop::cli {

// What a person said about where the documents are; empty: the usual place.
struct Place {
  std::string directory;  // chatctl
  std::string kubeconfig;
  std::string context;
  std::string name_space;
  bool force_conflicts = false;  // apply: take fields over from others who set them
  bool brief = false;            // completion: nobody waits for long
};

// One program under two names: each has its own flags for a Place, and opens it in its way. Exactly one is set.
struct Program {
  std::string name;        // as a person types it: "chatctl", "kubectl chat"
  std::string executable;  // its file: "chatctl", "kubectl-chat"
  std::function<std::unique_ptr<ports::Machine>(const Place&)> open_machine;
  std::function<chat::base::Result<std::unique_ptr<ports::Site>>(const Place&)> open_namespace;
};

// Reads the arguments (without the program's name), runs the verb, gives the exit code: 0 only on success, 1 failure, 2
// bad usage. `colour`: both streams are terminals.
int run(const Program& program, const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err,
        bool colour);

}  // namespace chatop::cli
