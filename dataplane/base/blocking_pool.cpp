#include "dataplane/base/blocking_pool.hpp"

namespace chat::base {
namespace {

class PoolCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "pool"; }
  [[nodiscard]] std::string message(int) const override { return "too many calls are waiting"; }
};

}  // namespace

std::error_code make_error_code(PoolErrc code) {
  static const PoolCategory category;
  return {static_cast<int>(code), category};
}

BlockingPool::BlockingPool(std::string name, std::size_t threads, std::size_t queue_bound)
    : name_(std::move(name)), bound_(queue_bound), pool_(threads) {}

BlockingPool::~BlockingPool() { pool_.join(); }

}  // namespace chat::base
