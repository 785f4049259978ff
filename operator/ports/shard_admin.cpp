#include "operator/ports/shard_admin.hpp"

namespace chatop::ports {
namespace {

class Category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "shard"; }
  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<ShardErrc>(code)) {
      case ShardErrc::unreachable:
        return "unreachable";
      case ShardErrc::refused:
        return "refused";
      case ShardErrc::changed_migration:
        return "a migration that has run was changed";
    }
    return "unknown";
  }
};

}  // namespace

std::error_code make_error_code(ShardErrc code) {
  static const Category category;
  return {static_cast<int>(code), category};
}

}  // namespace chatop::ports
