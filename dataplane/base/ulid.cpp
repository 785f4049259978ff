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

constexpr std::uint8_t kNoDigit = 0xFF;

// What each character stands for: upper and lower case.
constexpr std::array<std::uint8_t, 256> values_of(std::string_view digits) {
  std::array<std::uint8_t, 256> values{};
  for (auto& value : values) value = kNoDigit;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const char c = digits[i];
    values[static_cast<unsigned char>(c)] = static_cast<std::uint8_t>(i);
    if (c >= 'A') values[static_cast<unsigned char>(c ^ ' ')] = static_cast<std::uint8_t>(i);  // the other case
  }
  return values;
}
constexpr auto kValues = values_of(kAlphabet);
constexpr auto kHexValues = values_of(kHex);

// The id as one number of 128 bits. Its text is that number in base 32: the last 13 characters hold the low 65 bits,
// the first 13 the other 63, so the very first is 0…7.
struct Halves {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
};
constexpr std::size_t kHalfText = kTextLength / 2;

Halves halves_of(const std::array<std::uint8_t, 16>& bytes) {
  Halves halves;
  for (std::size_t i = 0; i < 8; ++i) {
    halves.high = halves.high << 8 | bytes[i];
    halves.low = halves.low << 8 | bytes[i + 8];
  }
  return halves;
}

bool is_dash_place(std::size_t at) { return at == 8 || at == 13 || at == 18 || at == 23; }

}  // namespace

bool Ulid::is_zero() const { return bytes == std::array<std::uint8_t, 16>{}; }

std::int64_t Ulid::milliseconds() const {
  std::int64_t value = 0;
  for (std::size_t i = 0; i < 6; ++i) value = value << 8 | bytes[i];
  return value;
}

std::string Ulid::text() const {
  auto [high, low] = halves_of(bytes);
  std::string out(kTextLength, '0');
  for (std::size_t i = kTextLength - 1; i > kHalfText; --i, low >>= 5) out[i] = kAlphabet[low & 31u];
  out[kHalfText] = kAlphabet[(low | high << 4) & 31u];  // four bits are left of the low half
  high >>= 1;
  for (std::size_t i = kHalfText; i-- > 0; high >>= 5) out[i] = kAlphabet[high & 31u];
  return out;
}

std::string Ulid::uuid_text() const {
  std::string out(kUuidLength, '-');
  std::size_t at = 0;
  for (std::uint8_t byte : bytes) {
    if (is_dash_place(at)) ++at;
    out[at++] = kHex[byte >> 4];
    out[at++] = kHex[byte & 15u];
  }
  return out;
}

std::optional<Ulid> Ulid::parse(std::string_view text) {
  if (text.size() != kTextLength || text[0] > '7') return std::nullopt;
  Halves halves;
  for (const char c : text) {
    const auto value = kValues[static_cast<unsigned char>(c)];
    if (value == kNoDigit) return std::nullopt;
    halves.high = halves.high << 5 | halves.low >> 59;
    halves.low = halves.low << 5 | value;
  }
  Ulid id;
  for (std::size_t i = 0; i < 8; ++i) {
    id.bytes[i] = static_cast<std::uint8_t>(halves.high >> (56 - 8 * i));
    id.bytes[i + 8] = static_cast<std::uint8_t>(halves.low >> (56 - 8 * i));
  }
  return id;
}

std::optional<Ulid> Ulid::parse_uuid(std::string_view text) {
  if (text.size() != kUuidLength) return std::nullopt;
  Ulid id;
  std::size_t at = 0;
  for (auto& byte : id.bytes) {
    if (is_dash_place(at) && text[at++] != '-') return std::nullopt;
    const auto first = kHexValues[static_cast<unsigned char>(text[at++])];
    const auto second = kHexValues[static_cast<unsigned char>(text[at++])];
    if (first == kNoDigit || second == kNoDigit) return std::nullopt;
    byte = static_cast<std::uint8_t>(first << 4 | second);
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
