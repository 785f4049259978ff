#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace chat::base {

// The number of code points, or nullopt where the bytes are not valid UTF-8 (overlong forms and surrogates are not).
[[nodiscard]] std::optional<std::size_t> code_points(std::string_view bytes);
[[nodiscard]] bool has_nul(std::string_view bytes);
// At most `most` bytes of it, not cut inside a character.
[[nodiscard]] std::string cut(std::string_view text, std::size_t most);
// The name among `known` that is nearest to `word` (edit distance ≤ 1/3 of its length, at least 1…3), for "did you
// mean".
template <class Range>
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word, const Range& known);
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

template <class Range>
std::optional<std::string_view> nearest(std::string_view word, const Range& known) {
  std::optional<std::string_view> best;
  std::size_t least = word.size() / 3 + 1;
  for (std::string_view candidate : known) {
    if (auto distance = edit_distance(word, candidate); distance <= least) {
      if (!best || distance < least) best = candidate;
      least = distance;
    }
  }
  return best;
}

}  // namespace chat::base
