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
      case SiteErrc::unsupported:
        return "not supported";
    }
    return "unknown";
  }
};

chat::base::Error no_operations(const std::string& where) {
  return {SiteErrc::unsupported,
          "no operation is served yet by this version, so there are no ChatOperations in " + where};
}

}  // namespace

std::error_code make_error_code(SiteErrc code) {
  static const Category category;
  return {static_cast<int>(code), category};
}

std::string being_deleted(const std::string& kind_and_name, const std::string& program) {
  return kind_and_name + " is being deleted: wait for its end (" + program + " delete " + kind_and_name +
         " --wait), then apply again";
}

chat::base::Result<Listing<StoredOperation>> Site::operations() { return chat::base::fail(no_operations(where())); }
chat::base::Result<StoredOperation> Site::read_operation(std::string_view /*name*/) {
  return chat::base::fail(no_operations(where()));
}
chat::base::Status Site::delete_operation(std::string_view /*name*/) {
  return chat::base::fail(no_operations(where()));
}

}  // namespace chatop::ports
