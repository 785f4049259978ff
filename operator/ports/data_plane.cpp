#include "operator/ports/data_plane.hpp"

namespace chatop::ports {
namespace {

class Category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "data plane"; }
  [[nodiscard]] std::string message(int) const override { return "the admin token was refused"; }
};

}  // namespace

std::error_code make_error_code(DataPlaneErrc code) {
  static const Category category;
  return {static_cast<int>(code), category};
}

}  // namespace chatop::ports
