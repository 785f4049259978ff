#include "operator/api/quantity.hpp"

#include <array>
#include <limits>
#include <utility>

namespace chatop::api {
namespace {

struct Suffix {
  std::string_view letters;
  std::int64_t bytes;
};
constexpr std::int64_t kThousand = 1000;
constexpr std::array<Suffix, 12> kSuffixes{{{"Ei", std::int64_t{1} << 60},
                                            {"Pi", std::int64_t{1} << 50},
                                            {"Ti", std::int64_t{1} << 40},
                                            {"Gi", std::int64_t{1} << 30},
                                            {"Mi", std::int64_t{1} << 20},
                                            {"Ki", std::int64_t{1} << 10},
                                            {"E", kThousand* kThousand* kThousand* kThousand* kThousand* kThousand},
                                            {"P", kThousand* kThousand* kThousand* kThousand* kThousand},
                                            {"T", kThousand* kThousand* kThousand* kThousand},
                                            {"G", kThousand* kThousand* kThousand},
                                            {"M", kThousand* kThousand},
                                            {"k", kThousand}}};
constexpr std::size_t kMostDigits = 18;  // so that digits alone never overflow

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::optional<Quantity> parse_quantity(std::string_view text) {
  // digits × unit ÷ 10^(digits after the point), in 128 bits: exact.
  __extension__ using Wide = unsigned __int128;
  Wide value = 0;
  Wide divisor = 1;
  std::size_t digits = 0;
  bool point = false;
  std::size_t at = 0;
  for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && !point)); ++at) {
    if (text[at] == '.') {
      point = true;
      continue;
    }
    if (++digits > kMostDigits) return std::nullopt;
    value = value * 10 + static_cast<Wide>(text[at] - '0');
    if (point) divisor *= 10;
  }
  if (digits == 0 || text[at - 1] == '.') return std::nullopt;
  auto letters = text.substr(at);
  Wide unit = letters.empty() ? 1 : 0;
  for (const auto& suffix : kSuffixes)
    if (suffix.letters == letters) unit = static_cast<Wide>(suffix.bytes);
  if (unit == 0 || (value * unit) % divisor != 0) return std::nullopt;
  auto bytes = value * unit / divisor;
  if (bytes > static_cast<Wide>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  return Quantity{static_cast<std::int64_t>(bytes)};
}

std::string text(Quantity quantity) {
  std::string shortest = std::to_string(quantity.bytes);
  for (const auto& suffix : kSuffixes) {
    if (quantity.bytes == 0 || quantity.bytes % suffix.bytes != 0) continue;
    auto candidate = std::to_string(quantity.bytes / suffix.bytes) + std::string(suffix.letters);
    if (candidate.size() < shortest.size()) shortest = std::move(candidate);
  }
  return shortest;
}

}  // namespace chatop::api
