#include "dataplane/domain/errors.hpp"

#include <array>

namespace chat::domain {
namespace {

constexpr std::array<std::string_view, 10> kNames = {"bad_request", "unauthorized", "forbidden",    "not_found",
                                                     "conflict",    "too_large",    "rate_limited", "blocked",
                                                     "moderated",   "unavailable"};

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "domain"; }
  std::string message(int value) const override { return std::string(domain::name(static_cast<Errc>(value))); }
};

const Category& category() {
  static const Category instance;
  return instance;
}

}  // namespace

std::error_code make_error_code(Errc code) { return {static_cast<int>(code), category()}; }

std::string_view name(Errc code) {
  const auto index = static_cast<std::size_t>(code) - 1;
  return index < kNames.size() ? kNames.at(index) : kNames.back();
}

base::Error for_client(const base::Error& error) {
  if (error.code.category() == category()) return error;
  auto wait = error.retry_after.count() > 0 ? error.retry_after : std::chrono::milliseconds(1000);
  return {make_error_code(Errc::unavailable), "the service is busy or recovering: try again after the time to wait",
          wait};
}

Errc errc_for_client(const base::Error& error) { return static_cast<Errc>(for_client(error).code.value()); }

}  // namespace chat::domain
