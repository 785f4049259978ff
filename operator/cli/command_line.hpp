#pragma once
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "operator/ports/site.hpp"

namespace chatop::cli {

// chatctl: reads the arguments (without the program's name), runs the verb, gives the exit code: 0 only on success,
// 1 failure, 2 bad usage. `colour`: both streams are terminals. `open`: the machine that --dir names, where it is
// given.
using OpenMachine = std::function<std::unique_ptr<ports::Machine>(const std::string& directory)>;
int run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err, bool colour,
        const OpenMachine& open);

}  // namespace chatop::cli
