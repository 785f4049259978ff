#pragma once
#include <string>
#include <string_view>

namespace chatop::shards {

// What the verifiers begin with that password_as_stored() makes.
inline constexpr std::string_view kStoredPasswords = "SCRAM-SHA-256$1:";

// What `alter role … password` is given: the verifier of a password that we generated (64 hex digits), any other
// password as it is, which the server makes a verifier of. Ours has one iteration in place of PostgreSQL's 4,096: those
// slow down who guesses what people thought up, and nobody guesses 256 random bits, while each new connection pays for
// them with 4 ms. It also keeps the password out of the statement, and so out of every log. RFC 5803 names the form.
[[nodiscard]] std::string password_as_stored(const std::string& password);

}  // namespace chatop::shards
