#pragma once
#include <iosfwd>
#include <string>
#include <vector>

#include "operator/cli/command_line.hpp"

namespace chatop::cli {

// What `source <(chatctl completion bash)` reads.
[[nodiscard]] std::string completion_script(const Program& program, const std::string& shell);

// What may stand in the place of the last of `words` (which may be empty), one a line, then ":0" where also a file may,
// else ":4": the form of kubectl's plugins and of all programs made with cobra. Asks the site for names where names are
// wanted; what goes wrong there is silence.
int complete(const Program& program, const std::vector<std::string>& words, std::ostream& out);

}  // namespace chatop::cli
