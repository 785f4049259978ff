#pragma once
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "operator/cli/command_line.hpp"
#include "operator/local/local_site.hpp"
#include "operator/local/state_directory.hpp"

namespace chatop::cli {

struct Ran {
  int code = -1;
  std::string out;
  std::string err;
};

inline Program chatctl() {
  return {"chatctl",
          "chatctl",
          [](const Place& place) -> std::unique_ptr<ports::Machine> {
            return std::make_unique<local::LocalSite>(local::state_directory(place.directory));
          },
          {}};
}

// A state directory of its own, removed at the end, and chatctl run over it without an operator.
class StateDirectory {
 public:
  StateDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "chatctl-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  StateDirectory(const StateDirectory&) = delete;
  StateDirectory& operator=(const StateDirectory&) = delete;
  ~StateDirectory() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  [[nodiscard]] Ran run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin() + (arguments.empty() ? 0 : 1), {"--dir", (path_ / "state").string()});
    std::ostringstream out;
    std::ostringstream err;
    Ran ran;
    ran.code = cli::run(chatctl(), arguments, out, err, false);
    ran.out = out.str();
    ran.err = err.str();
    return ran;
  }
  // A file beside the state, as a person would have one.
  [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
    auto file = path_ / name;
    std::ofstream(file) << text;
    return file.string();
  }
  [[nodiscard]] std::filesystem::path state() const { return path_ / "state"; }

 private:
  std::filesystem::path path_;
};

inline std::string document(const std::string& name, const std::string& spec = "{}") {
  return "apiVersion: chatcluster.io/v1alpha1\nkind: ChatCluster\nmetadata: {name: " + name + "}\nspec: " + spec + "\n";
}

}  // namespace chatop::cli
