#include "operator/ports/site.hpp"

namespace chatop::ports {
namespace {

class Category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "site"; }
  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<SiteErrc>(code)) {
      case SiteErrc::not_found:
        return "not found";
      case SiteErrc::unreadable:
        return "unreadable";
      case SiteErrc::invalid:
        return "invalid";
      case SiteErrc::unwritable:
        return "unwritable";
      case SiteErrc::start:
        return "can not be started";
      case SiteErrc::stop:
        return "can not be stopped";
    }
    return "unknown";
  }
};

}  // namespace

std::error_code make_error_code(SiteErrc code) {
  static const Category category;
  return {static_cast<int>(code), category};
}

}  // namespace chatop::ports
