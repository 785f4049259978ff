// What a conversation has to ask chat-messages: who its members are, and which changes were missed.
#include <algorithm>
#include <unordered_set>

#include "dataplane/base/backoff.hpp"
#include "dataplane/base/planted.hpp"
#include "dataplane/domain/errors.hpp"
#include "dataplane/gateway/hub.hpp"
#include "dataplane/protocol/frames.hpp"

namespace chat::gateway {
namespace {

constexpr int kPage = 200;
constexpr std::chrono::milliseconds kRetryFirst{50};
constexpr std::chrono::milliseconds kRetryMost{1000};

bool is_not_found(const base::Error& error) {
  return error.code == domain::make_error_code(domain::Errc::not_found) ||
         error.code == domain::make_error_code(domain::Errc::forbidden);
}

}  // namespace

base::Task<> Hub::pause(std::chrono::milliseconds time) {
  boost::asio::steady_timer timer(ports_.executor);
  co_await base::sleep_until(timer, std::chrono::steady_clock::now() + time);
}

// Runs once at a time for a conversation, until its membership is known and all that is known of was delivered.
base::Task<> Hub::work(Ulid id, std::uint64_t generation) {
  unsigned failures = 0;
  std::int64_t gap_after = -1;
  base::SteadyTime gap_ends{};
  while (!stopping_) {
    auto* conversation = find(id, generation);
    if (conversation == nullptr) co_return;
    bool done = true;
    if (!membership_known(*conversation)) {
      done = co_await read_membership(id, generation);
    } else {
      flush(*conversation);
      pump(*conversation);
      if (conversation->members.empty()) {
        drop(*conversation);
        co_return;
      }
      if (!conversation->stream.behind()) {
        conversation->working = false;
        co_return;
      }
      // What is missing may only be late: it gets a moment, again each time that something came.
      const auto now = std::chrono::steady_clock::now();
      if (conversation->stream.delivered() != gap_after) {
        gap_after = conversation->stream.delivered();
        gap_ends = now + options_.reorder;
      }
      if (now < gap_ends) {
        co_await pause(std::chrono::ceil<std::chrono::milliseconds>(gap_ends - now));
        continue;
      }
      if (base::planted_jump(conversation->stream)) continue;
      done = co_await fill(id, generation);
    }
    if (done) {
      failures = 0;
    } else {
      const auto wait = base::backoff(failures++, 0.5, kRetryFirst, kRetryMost);
      co_await pause(wait);
    }
  }
}

// False where it could not be read: nothing is delivered to anyone until it was.
base::Task<bool> Hub::read_membership(Ulid id, std::uint64_t generation) {
  auto* conversation = find(id, generation);
  std::vector<Ulid> asked;
  for (auto* user : conversation->members) asked.push_back(user->id);
  std::vector<Ulid> joining;
  if (conversation->pending) {
    std::erase_if(conversation->pending->candidates,
                  [&](const auto& entry) { return find_user(entry.first) == nullptr; });
    for (const auto& entry : conversation->pending->candidates) joining.push_back(entry.first);
    asked.insert(asked.end(), joining.begin(), joining.end());
  }
  if (asked.empty()) {
    drop(*conversation);
    co_return true;
  }
  const bool reread = std::exchange(conversation->reread, false);
  const std::unordered_set<Ulid> asked_about(asked.begin(), asked.end());
  auto answer = co_await ports_.path.membership(id, std::move(asked));
  conversation = find(id, generation);
  if (conversation == nullptr) co_return true;
  if (!answer && !is_not_found(answer.error())) {
    conversation->reread = conversation->reread || reread;
    co_return false;
  }
  if (!answer) {  // deleted: nobody is a member any more
    answer = ports::MembershipAnswer{};
    answer->head.members_rev = INT64_MAX;
  }
  if (answer->head.members_rev < conversation->wanted_members_rev) co_return false;

  conversation->members_rev = answer->head.members_rev;
  conversation->stream.saw(answer->head.rev);
  const std::unordered_set<Ulid> members(answer->members.begin(), answer->members.end());
  for (auto* user : std::vector<User*>(conversation->members)) {
    if (members.contains(user->id) || base::planted(base::Fault::removed_member_served)) continue;
    if (asked_about.contains(user->id)) {
      remove_member(*conversation, *user);
    } else {
      conversation->reread = true;  // came meanwhile: the answer says nothing about them
    }
  }
  std::vector<std::pair<Ulid, Candidate>> joined;
  for (const auto& user : joining) {
    if (!conversation->pending) break;  // a flush came first: there were none left
    auto taken = conversation->pending->candidates.extract(user);
    if (taken && members.contains(user)) joined.emplace_back(user, taken.mapped());
  }
  if (!joined.empty() || !conversation->members.empty()) {
    if (follow_channel(*conversation, answer->head.member_count)) {
      // What was published before the subscription was in force is found by looking at the head again afterwards.
      conversation->reread = true;
      co_await settled();
    }
  }
  for (auto& [user, candidate] : joined) co_await join(id, generation, user, candidate, answer->head);
  if (conversation = find(id, generation); conversation == nullptr) co_return true;
  const bool waited_for = conversation->pending && !conversation->pending->candidates.empty();
  if (conversation->members.empty() && !waited_for) drop(*conversation);
  co_return true;
}

base::Task<> Hub::join(Ulid id, std::uint64_t generation, Ulid user_id, Candidate candidate, domain::Head head) {
  auto since = candidate.since;
  if (!since) since = co_await owed_since(id, user_id, candidate, head);
  auto* conversation = find(id, generation);
  User* user = find_user(user_id);
  if (conversation == nullptr || user == nullptr || user->clients.empty() || is_member(*conversation, *user)) co_return;
  if (!since) {  // not to be found out now: they are asked about again
    this->candidate(*conversation, *user, candidate);
    co_return;
  }
  if (auto given = user->left.extract(id); given && given.mapped().rev > since->rev) since = given.mapped();
  auto& stream = conversation->stream;
  if (!stream.started()) stream.start(since->rev, since->seq);
  add_member(*conversation, *user);
  if (since->rev == stream.delivered()) co_return;
  for (auto* client : user->clients) client->catch_up(id, since->rev);
}

// Since when a conversation that turned up without a word concerns a user who is connected: since the first change that
// was created after we last knew all their conversations, and at the latest since the event that came.
base::Task<std::optional<domain::Head>> Hub::owed_since(Ulid id, Ulid user, Candidate candidate, domain::Head head) {
  if (head.rev == 0 || candidate.at_most == 0) {
    head.rev = 0;
    head.seq = 0;
    co_return head;
  }
  const auto after = std::max<std::int64_t>(0, head.rev - kPage);
  auto changes = co_await ports_.path.changes(id, user, after, kPage);
  if (!changes) {
    if (is_not_found(changes.error())) co_return head;
    co_return std::nullopt;
  }
  auto since = changes->head;
  for (const auto& item : changes->items) {
    if (item.created_at < candidate.known_at && item.rev <= candidate.at_most) continue;
    const bool as_created = !item.edited_at && !item.deleted;
    since.rev = item.rev - 1;
    since.seq = as_created ? item.seq - 1 : item.seq;
    break;
  }
  if (since.rev > candidate.at_most) {
    since.rev = candidate.at_most;
    since.seq = 0;
  }
  co_return since;
}

// Reads what is missing as one of the members. False where that failed.
base::Task<bool> Hub::fill(Ulid id, std::uint64_t generation) {
  while (!stopping_) {
    auto* conversation = find(id, generation);
    if (conversation == nullptr || !membership_known(*conversation) || conversation->members.empty()) co_return true;
    const auto viewer = conversation->members.front()->id;
    const auto after = conversation->stream.delivered();
    auto page = co_await ports_.path.changes(id, viewer, after, kPage);
    conversation = find(id, generation);
    if (conversation == nullptr) co_return true;
    if (!page) {
      if (!is_not_found(page.error())) co_return false;
      conversation->reread = true;
      co_return true;
    }
    if (!membership_known(*conversation)) co_return true;
    auto& stream = conversation->stream;
    bool progress = false;
    for (const auto& item : page->items) {
      if (item.rev != stream.delivered() + 1) continue;
      auto text = item.seq > stream.seq() ? protocol::message_frame(item) : protocol::message_updated_frame(item);
      stream.put({item.rev, item.seq, make_frame(std::move(text))});
      pump(*conversation);
      progress = true;
    }
    if (progress) ports_.metrics.gap_fills.Increment();
    if (!stream.behind()) co_return true;
    if (!progress) co_return page->items.empty() ? false : true;
  }
  co_return true;
}

}  // namespace chat::gateway
