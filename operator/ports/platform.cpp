#include "operator/ports/platform.hpp"

namespace chatop::ports {
namespace {

class Category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "platform"; }
  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<PlatformErrc>(code)) {
      case PlatformErrc::later:
        return "failed, will be tried again";
      case PlatformErrc::person:
        return "needs a person";
      case PlatformErrc::disk_full:
        return "a disk is full";
      case PlatformErrc::bad_name:
        return "the name can not be used";
      case PlatformErrc::secret_missing:
        return "a Secret is missing";
      case PlatformErrc::quota_full:
        return "a quota is full";
      case PlatformErrc::no_permission:
        break;
    }
    return "not permitted";
  }
};

}  // namespace

std::error_code make_error_code(PlatformErrc code) {
  static const Category category;
  return {static_cast<int>(code), category};
}

}  // namespace chatop::ports
