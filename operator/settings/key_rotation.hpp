#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// How the keys that sign access tokens follow each other while people chat. Pure; times are milliseconds since 1970.
//
//   add     a new key: its public half is published, its private half waits (<kid>.next) and signs nothing
//   note    it has been published, now: from here on the time counts that it needs to reach everybody
//   sign    it signs (<kid>.pem); the one before signs nothing any more
//   retire  whatever the one before has signed has ended: it goes
//
// All that is known of them is kept beside the keys themselves, so that any operator can go on at any point, and
// nothing happens to chat where none comes for days.
namespace chatop::settings {

inline constexpr const char* kPublicEnding = ".pub.pem";
inline constexpr const char* kSigningEnding = ".pem";
inline constexpr const char* kWaitingEnding = ".next";  // which no daemon reads

inline constexpr std::int64_t kKeyLifeMs = std::int64_t{90} * 24 * 3600 * 1000;
// A changed ConfigMap or Secret is at every Pod within two or three minutes.
inline constexpr std::int64_t kKeyReachesAllMs = std::int64_t{15} * 60 * 1000;
// The new one must reach whoever signs, who looks once a minute; a token lives for 15 minutes; clocks differ.
inline constexpr std::int64_t kTokensHaveEndedMs = std::int64_t{60} * 60 * 1000;

struct KeyView {
  std::string kid;  // a ULID: when it was made. Of another name: a person's, and none of them is ever touched
  bool signs = false;
  std::optional<std::int64_t> since;  // published (one that waits) or signing; nullopt: not noted yet
};

struct KeyStep {
  enum class What { nothing, add, note, sign, retire } what = What::nothing;
  std::vector<std::string> kids = {};  // whose step it is; of `add` none
  bool operator==(const KeyStep&) const = default;
};

// For logs: "added", "published", …
[[nodiscard]] const char* words_of(KeyStep::What what);

// `published`: the public halves of all of them are where verifiers read them.
[[nodiscard]] KeyStep next_key_step(std::vector<KeyView> keys, bool published, std::int64_t now);

}  // namespace chatop::settings
