#pragma once
#include <chrono>
#include <string>
#include <system_error>
#include <tl/expected.hpp>
#include <utility>

namespace chat::base {

// An expected failure, as a value. `code` says which component failed and how (each component has one small
// std::error_code enum of its own); `message` is a sentence for a person: what was wrong and how to mend it.
// `retry_after` is zero where waiting does not help or its length is not known.
struct Error {
  std::error_code code;
  std::string message;
  std::chrono::milliseconds retry_after{0};
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> fail(std::error_code code, std::string message,
                                                std::chrono::milliseconds retry_after = {}) {
  return tl::unexpected<Error>(Error{code, std::move(message), retry_after});
}
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace chat::base
