#include "operator/ports/platform.hpp"

namespace chatop::ports {
namespace {

class Category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "platform"; }
  [[nodiscard]] std::string message(int code) const override {
    return code == static_cast<int>(PlatformErrc::later) ? "failed, will be tried again" : "needs a person";
  }
};

}  // namespace

std::error_code make_error_code(PlatformErrc code) {
  static const Category category;
  return {static_cast<int>(code), category};
}

}  // namespace chatop::ports
