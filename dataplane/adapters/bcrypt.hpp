#pragma once
#include "dataplane/base/blocking_pool.hpp"
#include "dataplane/ports/passwords.hpp"

namespace chat::adapters {

// $2b$ of base64(SHA-256(password)): bcrypt itself stops at 72 bytes and at a NUL; this way every byte counts. Runs on
// `pool`, whose bound sheds sign-ins when they come faster than they can be worked off. Cost 12 is about 0.2 s of CPU.
class BcryptPasswords final : public ports::Passwords {
 public:
  explicit BcryptPasswords(base::BlockingPool& pool, int cost = 12);
  base::Task<base::Result<std::string>> hash(std::string password) override;
  base::Task<base::Result<bool>> matches(std::string password, std::optional<std::string> hash) override;

 private:
  base::BlockingPool& pool_;
  int cost_;
  std::string no_account_;  // a hash of nothing anyone can type, for the same work where there is no account
};

}  // namespace chat::adapters
