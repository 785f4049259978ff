#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "operator/cli/command_line.hpp"
#include "operator/local/local_site.hpp"
#include "operator/local/state_directory.hpp"

int main(int argc, char** argv) {
  const bool terminal = ::isatty(STDOUT_FILENO) != 0 && ::isatty(STDERR_FILENO) != 0;
  const bool colour = terminal && std::getenv("NO_COLOR") == nullptr;  // NOLINT(concurrency-mt-unsafe): one thread
  return chatop::cli::run(
      std::vector<std::string>(argv + 1, argv + argc), std::cout, std::cerr, colour,
      [](const std::string& directory) -> std::unique_ptr<chatop::ports::Machine> {
        return std::make_unique<chatop::local::LocalSite>(chatop::local::state_directory(directory));
      });
}
