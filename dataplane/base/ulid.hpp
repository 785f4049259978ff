#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace chat::base {

// 128 bits: 48 bits of milliseconds since 1970, then 80 random bits. Text form: 26 characters of Crockford's
// base 32, upper case, first character 0…7. Orders like its text. Source: the ULID specification.
struct Ulid {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Ulid&) const = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14 misreads <=>
  [[nodiscard]] bool is_zero() const;
  [[nodiscard]] std::int64_t milliseconds() const;
  [[nodiscard]] std::string text() const;       // 26 characters
  [[nodiscard]] std::string uuid_text() const;  // 8-4-4-4-12 lower-case hex, the database's form

  // Accepts lower case; nullopt for anything that is not exactly a ULID (length, alphabet, overflow).
  [[nodiscard]] static std::optional<Ulid> parse(std::string_view text);
  [[nodiscard]] static std::optional<Ulid> parse_uuid(std::string_view text);
  [[nodiscard]] static Ulid of(std::int64_t milliseconds, const std::array<std::uint8_t, 10>& random);
};

// `now_milliseconds` is an argument; the 80 bits come from the operating system's generator. Thread-safe.
[[nodiscard]] Ulid new_ulid(std::int64_t now_milliseconds);

}  // namespace chat::base

template <>
struct std::hash<chat::base::Ulid> {
  std::size_t operator()(const chat::base::Ulid& id) const noexcept;
};
