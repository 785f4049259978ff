#include "dataplane/base/text.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

namespace chat::base {
namespace {

struct Sequence {
  std::size_t length;
  std::uint32_t first_bits;
  std::uint32_t least;  // smaller values have a shorter form: overlong
};

std::optional<Sequence> sequence_of(unsigned char lead) {
  if (lead < 0x80) return Sequence{1, lead, 0};
  if (lead >= 0xC2 && lead <= 0xDF) return Sequence{2, lead & 0x1Fu, 0x80};
  if (lead >= 0xE0 && lead <= 0xEF) return Sequence{3, lead & 0x0Fu, 0x800};
  if (lead >= 0xF0 && lead <= 0xF4) return Sequence{4, lead & 0x07u, 0x10000};
  return std::nullopt;
}

}  // namespace

std::optional<std::size_t> code_points(std::string_view bytes) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < bytes.size(); ++count) {
    auto sequence = sequence_of(static_cast<unsigned char>(bytes[at]));
    if (!sequence || bytes.size() - at < sequence->length) return std::nullopt;
    std::uint32_t value = sequence->first_bits;
    for (std::size_t i = 1; i < sequence->length; ++i) {
      auto next = static_cast<unsigned char>(bytes[at + i]);
      if ((next & 0xC0u) != 0x80u) return std::nullopt;
      value = value << 6 | (next & 0x3Fu);
    }
    if (value < sequence->least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return std::nullopt;
    at += sequence->length;
  }
  return count;
}

bool has_nul(std::string_view bytes) { return bytes.find('\0') != std::string_view::npos; }

std::string cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
  return std::string(text.substr(0, most));
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace chat::base
