// What was lost without a trace: heads are compared with the store, and users' conversations with the index (I4).
#include <algorithm>

#include "dataplane/base/backoff.hpp"
#include "dataplane/gateway/hub.hpp"

namespace chat::gateway {
namespace {

constexpr std::size_t kHeadsAtOnce = 500;
constexpr std::size_t kMostUsersChecked = 200;
constexpr std::chrono::milliseconds kSoon{200};

// Tells the one who waits with `timer`, at most so long as that runs.
base::Task<> settle(ports::Subscriptions& subscriptions, std::shared_ptr<boost::asio::steady_timer> timer,
                    std::shared_ptr<bool> in_force) {
  auto status = co_await subscriptions.settled();
  *in_force = status.has_value();
  timer->cancel();
}

}  // namespace

void Hub::bus_ready() {
  bus_up_ = true;
  due_ = users_.size();
  watch_now_ = true;
  watch_timer_.cancel();
}

void Hub::bus_lost() {
  bus_up_ = false;
  watch_timer_.cancel();
}

// Waits, for a bounded time, until the subscriptions asked for are in force. False: they are not, and what they would
// have brought comes over the direct streams or is found by comparing heads.
base::Task<bool> Hub::settled() {
  auto timer = std::make_shared<boost::asio::steady_timer>(ports_.executor);  // shared: whoever ends later frees it
  auto in_force = std::make_shared<bool>(false);
  tasks_.spawn("subscriptions_settle", settle(ports_.subscriptions, timer, in_force));
  co_await base::sleep_until(*timer, std::chrono::steady_clock::now() + options_.settle);
  co_return *in_force;
}

base::Task<std::optional<std::vector<domain::Head>>> Hub::ask_sign_on(Ulid user, std::chrono::milliseconds most) {
  const auto deadline = std::chrono::steady_clock::now() + most;
  for (unsigned attempt = 0; !stopping_; ++attempt) {
    auto heads = co_await ports_.path.sign_on(user);
    if (heads) co_return std::move(*heads);
    const auto wait = base::backoff(attempt, 0.5, std::chrono::milliseconds(50), std::chrono::milliseconds(500));
    if (std::chrono::steady_clock::now() + wait >= deadline) break;
    co_await pause(wait);
  }
  co_return std::nullopt;
}

base::Task<> Hub::watch() {
  while (!stopping_) {
    auto wait = bus_up_ ? options_.compare : options_.compare_lost;
    if (due_ > 0 || !unsigned_.empty()) wait = std::min(wait, kSoon);
    // A cancelled wait only means that there is a reason to look how long to wait now.
    bool passed = watch_now_;
    if (!passed) passed = co_await base::sleep_until(watch_timer_, std::chrono::steady_clock::now() + wait);
    if (stopping_) co_return;
    if (!passed && !watch_now_) continue;
    watch_now_ = false;
    co_await compare_heads();
    co_await check_users();
  }
}

base::Task<> Hub::compare_heads() {
  std::vector<Ulid> all;
  all.reserve(conversations_.size());
  for (const auto& [id, conversation] : conversations_) {
    if (!conversation->members.empty()) all.push_back(id);
  }
  for (std::size_t begin = 0; begin < all.size() && !stopping_; begin += kHeadsAtOnce) {
    const auto end = std::min(all.size(), begin + kHeadsAtOnce);
    std::vector<Ulid> batch(all.begin() + static_cast<std::ptrdiff_t>(begin),
                            all.begin() + static_cast<std::ptrdiff_t>(end));
    auto missing = batch;
    auto heads = co_await ports_.path.heads(std::move(batch));
    if (!heads) co_return;  // the next round asks again
    for (const auto& head : *heads) {
      std::erase(missing, head.conversation_id);
      auto* conversation = find(head.conversation_id);
      if (conversation != nullptr && compare(*conversation, head)) ports_.metrics.heads_behind.Increment();
    }
    for (const auto& id : missing) {  // deleted, as far as the store knows: the membership tells
      if (auto* conversation = find(id)) {
        conversation->reread = true;
        work_on(*conversation);
      }
    }
  }
}

std::vector<Ulid> Hub::users_to_check() {
  auto chosen = std::exchange(unsigned_, {});
  std::sort(chosen.begin(), chosen.end());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  const auto most = std::max(options_.users_checked, std::min(due_, kMostUsersChecked));
  due_ -= std::min(due_, most);
  std::size_t taken = 0;
  for (std::size_t looked = 0; looked < users_.bucket_count() && taken < most; ++looked) {
    next_bucket_ = (next_bucket_ + 1) % users_.bucket_count();
    for (auto it = users_.begin(next_bucket_); it != users_.end(next_bucket_); ++it, ++taken)
      chosen.push_back(it->first);
  }
  return chosen;
}

// A user whose conversation was announced to nobody would never hear of it: a few users each time are asked for.
base::Task<> Hub::check_users() {
  const auto chosen = users_to_check();
  for (std::size_t i = 0; i < chosen.size() && !stopping_; ++i) {
    const auto& id = chosen[i];
    if (auto* user = find_user(id); user == nullptr || user->clients.empty()) continue;
    const auto asked_at = ports_.clock.now_milliseconds();
    auto heads = co_await ports_.path.sign_on(id);
    if (!heads) {  // the others would wait as long for nothing: those who need it are asked for again soon
      for (; i < chosen.size(); ++i) {
        auto* user = find_user(chosen[i]);
        if (user != nullptr && !user->signed_on) unsigned_.push_back(chosen[i]);
      }
      co_return;
    }
    auto* user = find_user(id);
    if (user == nullptr || user->clients.empty()) continue;
    take_over(*user, *heads);
    user->signed_on = true;
    user->known_at = asked_at - kClockSkewMilliseconds;
  }
}

}  // namespace chat::gateway
