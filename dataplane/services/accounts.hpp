#pragma once
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/clock.hpp"
#include "dataplane/domain/conversation.hpp"
#include "dataplane/ports/directory.hpp"
#include "dataplane/ports/passwords.hpp"

namespace chat::services {

using base::Result;
using base::Status;
using base::Task;
using base::Ulid;

// Errors name the rule that was broken; pure.
[[nodiscard]] Status check_username(std::string_view username);          // 3–50 of A–Z a–z 0–9 _
[[nodiscard]] Status check_password(std::string_view password);          // ≥ 8 characters, ≤ 1,024 bytes
[[nodiscard]] Status check_display_name(std::string_view display_name);  // 1–100 characters, no control characters
// 1 to `most` characters, none of them a control character; `what` names the field.
[[nodiscard]] Status check_line(std::string_view text, std::string_view what, std::size_t most);

struct NewUser {
  std::string username;
  std::string password;
  std::optional<std::string> display_name;  // none: the username
};

// Who people are. One thread; refers to its ports for as long as it lives.
class Accounts {
 public:
  Accounts(ports::Directory& directory, ports::Passwords& passwords, const base::Clock& clock)
      : directory_(directory), passwords_(passwords), clock_(clock) {}

  [[nodiscard]] Task<Result<Ulid>> register_user(NewUser user);  // conflict where the name is taken
  [[nodiscard]] Task<Result<ports::User>> user(Ulid id);         // not_found
  [[nodiscard]] Task<Result<ports::User>> rename(Ulid user, std::string display_name);
  // Usernames that start with `query`, in any case: the exact one first. Nothing for what can not be a username.
  [[nodiscard]] Task<Result<std::vector<ports::User>>> search(std::string query, int limit);

 private:
  ports::Directory& directory_;
  ports::Passwords& passwords_;
  const base::Clock& clock_;
};

}  // namespace chat::services
