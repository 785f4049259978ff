#include "dataplane/adapters/bcrypt.hpp"

#include <crypt.h>

#include <array>
#include <memory>

#include "dataplane/base/digest.hpp"

namespace chat::adapters {
namespace {

enum class BcryptErrc { failed = 1 };

class BcryptCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "bcrypt"; }
  [[nodiscard]] std::string message(int) const override { return "hashing failed"; }
};

auto failed() {
  static const BcryptCategory category;
  return base::fail(std::error_code(static_cast<int>(BcryptErrc::failed), category), "a password could not be hashed");
}

std::string new_setting(int cost) {
  const std::string salt = base::random_bytes(16);
  std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
  const char* made = crypt_gensalt_rn("$2b$", static_cast<unsigned long>(cost), salt.data(),
                                      static_cast<int>(salt.size()), setting.data(), static_cast<int>(setting.size()));
  return made == nullptr ? std::string() : std::string(made);
}

// Empty on failure. `setting`: a salt, or a hash whose salt is meant.
std::string bcrypt(const std::string& password, const std::string& setting) {
  auto space = std::make_unique<crypt_data>();
  const std::string text = base::base64(base::sha256(password));
  const char* hash = crypt_r(text.c_str(), setting.c_str(), space.get());
  // crypt_r answers a "failure token" that starts with '*'.
  if (hash == nullptr || hash[0] == '*') return {};
  return hash;
}

}  // namespace

BcryptPasswords::BcryptPasswords(base::BlockingPool& pool, int cost)
    : pool_(pool), cost_(cost), no_account_(new_setting(cost) + std::string(31, '.')) {}

base::Task<base::Result<std::string>> BcryptPasswords::hash(std::string password) {
  auto work = [this, password = std::move(password)]() -> base::Result<std::string> {
    std::string hash = bcrypt(password, new_setting(cost_));
    if (hash.empty()) return failed();
    return hash;
  };
  co_return co_await pool_.run(std::move(work));
}

base::Task<base::Result<bool>> BcryptPasswords::matches(std::string password, std::optional<std::string> hash) {
  auto work = [this, password = std::move(password), hash = std::move(hash)]() -> base::Result<bool> {
    const std::string& expected = hash ? *hash : no_account_;
    const std::string made = bcrypt(password, expected);
    if (made.empty()) return failed();
    return hash.has_value() && base::equal_in_constant_time(made, expected);
  };
  co_return co_await pool_.run(std::move(work));
}

}  // namespace chat::adapters
