#include "operator/local/layout.hpp"

namespace chatop::local {

Installation Installation::of_this_program() {
  std::error_code error;
  auto prefix = std::filesystem::read_symlink("/proc/self/exe", error).parent_path().parent_path();
  return {prefix / "bin", prefix / "share" / "migrations", prefix / "share" / "web"};
}

}  // namespace chatop::local
