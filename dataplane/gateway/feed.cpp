#include "dataplane/gateway/feed.hpp"

#include <algorithm>

namespace chat::gateway {

Feed::State& Feed::state() {
  if (!state_) state_ = std::make_unique<State>();
  return *state_;
}

bool Feed::holding(const Ulid& conversation) const {
  return state_ && (state_->all > 0 || state_->some.contains(conversation));
}

bool Feed::change(const Ulid& conversation, std::int64_t rev, const Frame& frame) {
  if (!state_) return true;
  if (!holding(conversation)) {
    const bool fresh = pass(conversation, rev);
    forget_if_empty();
    return fresh;
  }
  if (rev <= floor(conversation)) return false;
  if (state_->dropped.contains(conversation)) return false;  // what comes after a hole can not be kept either
  if (state_->held.size() >= kHeldChanges || state_->bytes + frame->size() > kHeldBytes) {
    drop(conversation, rev);
    return false;
  }
  state_->bytes += frame->size();
  state_->held.push_back({conversation, rev, frame});
  return false;
}

// All of it is read from the store again: half of it would be in the way.
void Feed::drop(const Ulid& conversation, std::int64_t rev) {
  std::erase_if(state_->held, [&](const Held& held) {
    if (held.conversation != conversation) return false;
    rev = std::min(rev, held.rev);
    state_->bytes -= held.frame->size();
    return true;
  });
  state_->dropped.emplace(conversation, rev);
}

void Feed::forget_if_empty() {
  if (state_ && state_->all == 0 && state_->some.empty() && state_->floors.empty() && state_->held.empty())
    state_.reset();
}

// Not held: sent unless the store's answer had it. Past the answer there is nothing left to remember.
bool Feed::pass(const Ulid& conversation, std::int64_t rev) {
  auto floor = state_->floors.find(conversation);
  if (floor == state_->floors.end()) return true;
  const bool fresh = rev > floor->second;
  if (rev >= floor->second) state_->floors.erase(floor);
  return fresh;
}

void Feed::hold_all() { ++state().all; }

void Feed::hold(const Ulid& conversation) { state().some.insert(conversation); }

void Feed::answered(const Ulid& conversation, std::int64_t rev) {
  auto& floor = state().floors[conversation];
  floor = std::max(floor, rev);
}

std::optional<Feed::Missing> Feed::missing(const Ulid& conversation) const {
  if (!state_) return std::nullopt;
  auto dropped = state_->dropped.find(conversation);
  if (dropped == state_->dropped.end()) return std::nullopt;
  return Missing{conversation, std::max(dropped->second - 1, floor(conversation))};
}

std::optional<Feed::Missing> Feed::missing() const {
  if (!state_ || state_->dropped.empty()) return std::nullopt;
  return missing(state_->dropped.begin()->first);
}

void Feed::found(const Ulid& conversation) {
  if (state_) state_->dropped.erase(conversation);
}

void Feed::forget(const Ulid& conversation) {
  if (!state_) return;
  drop(conversation, 0);
  state_->dropped.erase(conversation);
}

std::int64_t Feed::unsent_after(const Ulid& conversation, std::int64_t rev) const {
  if (!state_) return rev;
  const auto answered = floor(conversation);
  for (const auto& held : state_->held) {
    if (held.conversation == conversation && held.rev > answered) rev = std::min(rev, held.rev - 1);
  }
  if (auto gone = missing(conversation)) rev = std::min(rev, gone->after);
  return std::max(rev, answered);
}

std::int64_t Feed::floor(const Ulid& conversation) const {
  auto floor = state_->floors.find(conversation);
  return floor == state_->floors.end() ? 0 : floor->second;
}

void Feed::release_all(const Send& send, const Delivered& delivered) {
  if (!state_ || --state_->all > 0) return;
  release_held(send, delivered);
}

void Feed::release(const Ulid& conversation, const Send& send, const Delivered& delivered) {
  if (!state_) return;
  if (auto one = state_->some.find(conversation); one != state_->some.end()) state_->some.erase(one);
  release_held(send, delivered);
}

void Feed::release_held(const Send& send, const Delivered& delivered) {
  auto held = std::move(state_->held);
  state_->held.clear();
  state_->bytes = 0;
  for (auto& one : held) {
    if (holding(one.conversation)) {
      state_->bytes += one.frame->size();
      state_->held.push_back(std::move(one));
    } else if (pass(one.conversation, one.rev)) {
      send(one.frame);
    }
  }
  std::erase_if(state_->floors, [&](const auto& floor) {
    if (holding(floor.first)) return false;
    auto live = delivered(floor.first);
    return live && *live >= floor.second;
  });
  forget_if_empty();
}

}  // namespace chat::gateway
