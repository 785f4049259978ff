#pragma once
#include <iosfwd>
#include <string>
#include <vector>

namespace chatop::cli {

// chatctl: reads the arguments (without the program's name), runs the verb, gives the exit code: 0 only on success,
// 1 failure, 2 bad usage. `colour`: both streams are terminals.
int run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err, bool colour);

}  // namespace chatop::cli
