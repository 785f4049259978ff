#include "dataplane/ports/store.hpp"

namespace chat::ports {
namespace {

class WriteCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "shard_write"; }
  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<WriteErrc>(code)) {
      case WriteErrc::rejected:
        return "the database refused the batch";
      case WriteErrc::unknown_outcome:
        return "it is not known whether the batch was stored";
      case WriteErrc::no_room:
        return "the shard has no room";
      case WriteErrc::unreachable:
        break;
    }
    return "the shard cannot be written to now";
  }
};

}  // namespace

std::error_code make_error_code(WriteErrc code) {
  static const WriteCategory category;
  return {static_cast<int>(code), category};
}

}  // namespace chat::ports
