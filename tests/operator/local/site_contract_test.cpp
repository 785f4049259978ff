#include "tests/contract/site_contract.hpp"
#include "operator/local/local_site.hpp"
#include "tests/support/temp_dir.hpp"

namespace chatop::testing {

// A state directory without an operator, and a hand that does what it would do.
class OnAMachine {
 public:
  ports::Site& site() { return site_; }
  void write_status(const std::string& name, const api::ChatClusterStatus& status) {
    ASSERT_TRUE(resources().write_status(name, status));
    // An equal status is not written again, and what is not written wakes nobody.
    auto other = status;
    other.map_version += 1;
    ASSERT_TRUE(resources().write_status(name, other));
    ASSERT_TRUE(resources().write_status(name, status));
  }
  void hold(const std::string& /*name*/) {}  // a file waits by itself
  void finish(const std::string& name) { ASSERT_TRUE(resources().remove(name)); }

 private:
  [[nodiscard]] local::ResourceDirectory resources() const { return local::ResourceDirectory(dir_.path() / "state"); }
  chat::testing::TempDir dir_;
  local::LocalSite site_{dir_.path() / "state"};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Local, SiteContract, OnAMachine);

}  // namespace chatop::testing
