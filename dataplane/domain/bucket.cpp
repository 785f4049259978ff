#include "dataplane/domain/bucket.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace chat::domain {
namespace {

// FNV-1a, 64 bits, then the finaliser of splitmix64 so that the low bits depend on every byte.
class Hash {
 public:
  void add(std::uint8_t byte) { state_ = (state_ ^ byte) * 0x100000001b3ULL; }
  [[nodiscard]] std::uint16_t bucket() const {
    auto x = state_;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return static_cast<std::uint16_t>((x ^ (x >> 31)) % kBuckets);
  }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325ULL;
};

}  // namespace

std::uint16_t bucket_of(const base::Ulid& id) {
  Hash hash;
  for (auto byte : id.bytes) hash.add(byte);
  return hash.bucket();
}

std::uint16_t bucket_of_name(std::string_view name) {
  Hash hash;
  for (char c : name) hash.add(static_cast<std::uint8_t>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c));
  return hash.bucket();
}

base::Ulid one_on_one_id(const base::Ulid& a, const base::Ulid& b) {
  const auto& [low, high] = std::minmax(a, b);
  std::array<std::uint8_t, 32> input{};
  std::copy(low.bytes.begin(), low.bytes.end(), input.begin());
  std::copy(high.bytes.begin(), high.bytes.end(), input.begin() + 16);
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(input.data(), input.size(), digest.data());
  base::Ulid id;
  std::copy_n(digest.begin(), id.bytes.size(), id.bytes.begin());
  return id;
}

}  // namespace chat::domain
