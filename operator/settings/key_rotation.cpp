#include "operator/settings/key_rotation.hpp"

#include <algorithm>

#include "dataplane/base/ulid.hpp"

namespace chatop::settings {
namespace {

using What = KeyStep::What;

std::vector<std::string> kids_of(const std::vector<KeyView>& keys) {
  std::vector<std::string> kids;
  for (const auto& key : keys) kids.push_back(key.kid);
  return kids;
}

// Noted at a time that has not come: the clock was set back since.
bool is_noted(const KeyView& key, std::int64_t now) { return key.since && *key.since <= now; }

}  // namespace

const char* words_of(What what) {
  switch (what) {
    case What::add:
      return "added";
    case What::note:
      return "published";
    case What::sign:
      return "signs";
    case What::retire:
      return "retired";
    case What::nothing:
      break;
  }
  return "nothing";
}

KeyStep next_key_step(std::vector<KeyView> keys, bool published, std::int64_t now) {
  for (const auto& key : keys)
    if (!chat::base::Ulid::parse(key.kid)) return {};
  std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.kid < b.kid; });
  std::vector<KeyView> signing;
  std::vector<KeyView> waiting;
  for (auto& key : keys) (key.signs ? signing : waiting).push_back(std::move(key));
  if (signing.empty()) return waiting.empty() ? KeyStep{} : KeyStep{What::sign, {waiting.back().kid}};
  const auto newest = signing.back();
  if (!waiting.empty()) {
    const auto next = waiting.back();
    if (next.kid < newest.kid) return {What::retire, kids_of(waiting)};
    if (!published) return {};
    if (!is_noted(next, now)) return {What::note, {next.kid}};
    return now - *next.since >= kKeyReachesAllMs ? KeyStep{What::sign, {next.kid}} : KeyStep{};
  }
  if (signing.size() > 1) {
    if (!is_noted(newest, now)) return {What::note, {newest.kid}};
    if (now - *newest.since < kTokensHaveEndedMs) return {};
    signing.pop_back();
    return {What::retire, kids_of(signing)};
  }
  const auto made = chat::base::Ulid::parse(newest.kid)->milliseconds();
  return now - made >= kKeyLifeMs ? KeyStep{What::add} : KeyStep{};
}

}  // namespace chatop::settings
