#pragma once
#include <string>

#include "dataplane/base/result.hpp"

namespace chatop::local {

// `what` ("/x/y can not be written") failed with the errno `error`: the sentence goes on with why and, where a person
// can mend it, how. Its code is ports::PlatformErrc where waiting does not help, else FileErrc::write.
[[nodiscard]] chat::base::Error write_failure(std::string what, int error);
// The same for a program of others that failed and whose last words are `text`; `later` where they name no such cause.
[[nodiscard]] chat::base::Error program_failure(std::string text);

}  // namespace chatop::local
