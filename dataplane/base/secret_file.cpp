#include "dataplane/base/secret_file.hpp"

#include "dataplane/base/config.hpp"

namespace chat::base {

std::string read_secret_again(const std::filesystem::path& file, const std::string& last) {
  if (file.empty()) return last;
  auto text = read_secret(file);
  return text ? std::move(*text) : last;
}

}  // namespace chat::base
