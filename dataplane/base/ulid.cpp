#include "dataplane/base/ulid.hpp"

#include <sys/random.h>

#include <cstring>
#include <system_error>

namespace chat::base {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::size_t kTextLength = 26;
constexpr std::size_t kUuidLength = 36;

// 130 bits of text hold 128 bits of id: the text's first two bits are always zero.
constexpr std::size_t kLeadingBits = 2;

bool is_dash_place(std::size_t at) { return at == 8 || at == 13 || at == 18 || at == 23; }

}  // namespace

bool Ulid::is_zero() const { return bytes == std::array<std::uint8_t, 16>{}; }

std::int64_t Ulid::milliseconds() const {
  std::int64_t value = 0;
  for (std::size_t i = 0; i < 6; ++i) value = value << 8 | bytes[i];
  return value;
}

std::string Ulid::text() const {
  std::string out(kTextLength, '0');
  for (std::size_t i = 0; i < kTextLength; ++i) {
    unsigned value = 0;
    for (std::size_t bit = i * 5; bit < i * 5 + 5; ++bit) {
      unsigned one = 0;
      if (bit >= kLeadingBits) {
        std::size_t place = bit - kLeadingBits;
        one = bytes[place / 8] >> (7 - place % 8) & 1u;
      }
      value = value << 1 | one;
    }
    out[i] = kAlphabet[value];
  }
  return out;
}

std::string Ulid::uuid_text() const {
  std::string out;
  out.reserve(kUuidLength);
  for (std::uint8_t byte : bytes) {
    if (is_dash_place(out.size())) out += '-';
    out += kHex[byte >> 4];
    out += kHex[byte & 15u];
  }
  return out;
}

std::optional<Ulid> Ulid::parse(std::string_view text) {
  if (text.size() != kTextLength || text[0] > '7') return std::nullopt;
  Ulid id;
  for (std::size_t i = 0; i < kTextLength; ++i) {
    char c = text[i];
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    auto value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    for (std::size_t k = 0; k < 5; ++k) {
      std::size_t bit = i * 5 + k;
      if (bit < kLeadingBits || !(value >> (4 - k) & 1u)) continue;
      std::size_t place = bit - kLeadingBits;
      id.bytes[place / 8] = static_cast<std::uint8_t>(id.bytes[place / 8] | 1u << (7 - place % 8));
    }
  }
  return id;
}

std::optional<Ulid> Ulid::parse_uuid(std::string_view text) {
  if (text.size() != kUuidLength) return std::nullopt;
  Ulid id;
  std::size_t digits = 0;
  for (std::size_t i = 0; i < kUuidLength; ++i) {
    if (is_dash_place(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    char c = text[i];
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    auto value = kHex.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    id.bytes[digits / 2] = static_cast<std::uint8_t>(id.bytes[digits / 2] << 4 | value);
    ++digits;
  }
  return id;
}

Ulid Ulid::of(std::int64_t milliseconds, const std::array<std::uint8_t, 10>& random) {
  Ulid id;
  for (std::size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(milliseconds >> (40 - 8 * i) & 0xFF);
  std::memcpy(id.bytes.data() + 6, random.data(), random.size());
  return id;
}

Ulid new_ulid(std::int64_t now_milliseconds) {
  std::array<std::uint8_t, 10> random{};
  // Requests of up to 256 bytes are never cut short once the generator is seeded; only EINTR can come before that.
  while (getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "getrandom");
  }
  return Ulid::of(now_milliseconds, random);
}

}  // namespace chat::base

std::size_t std::hash<chat::base::Ulid>::operator()(const chat::base::Ulid& id) const noexcept {
  // The last 8 bytes are random in new ids; the first 8 are mixed in for ids that are not (derived ones, tests).
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::memcpy(&high, id.bytes.data(), 8);
  std::memcpy(&low, id.bytes.data() + 8, 8);
  std::uint64_t mixed = (high ^ (low * 0x9E3779B97F4A7C15ull)) * 0xBF58476D1CE4E5B9ull;
  return static_cast<std::size_t>(mixed ^ mixed >> 32);
}
