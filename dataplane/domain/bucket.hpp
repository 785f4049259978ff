#pragma once
#include <cstdint>
#include <string_view>

#include "dataplane/base/ulid.hpp"

namespace chat::domain {

// Data is spread over 4,096 buckets and shards own ranges of them. These hashes are stored in every row: they are
// fixed for ever by a golden test.
inline constexpr std::uint16_t kBuckets = 4096;

[[nodiscard]] std::uint16_t bucket_of(const base::Ulid& id);        // of a conversation or a user
[[nodiscard]] std::uint16_t bucket_of_name(std::string_view name);  // of a username, whatever its case (ASCII)

// The id of the one conversation that two users have: the same from both sides, so no lock is needed to keep it unique.
[[nodiscard]] base::Ulid one_on_one_id(const base::Ulid& a, const base::Ulid& b);

}  // namespace chat::domain
