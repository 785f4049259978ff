#include "dataplane/workers/membership_repair.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <map>

namespace chat::workers {
namespace {

using Pair = ports::ShardUpkeep::Pair;
using Pairs = std::vector<Pair>;

constexpr int kPage = 500;
constexpr int kMostPages = 1000;                        // of each side in one pass
constexpr std::chrono::milliseconds kBetweenPages{20};  // leaves the shard to those who chat
constexpr std::int64_t kSettled = 30'000;               // who joined just now is linked by whoever added them

// A page's end in the key order: whether or not its rows are this shard's to speak for.
bool last_page(const Pairs& page) { return page.size() < static_cast<std::size_t>(kPage); }

// What one statement mends: members of one conversation, in one state of its membership. A page of a large group is a
// commit for each shard of its members, not one for each of them.
struct Mend {
  base::Ulid conversation_id;
  std::int64_t members_rev = 0;
  std::int64_t joined_at = 0;
  auto operator<=>(const Mend&) const = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14 misreads <=>
};
using Mends = std::map<Mend, Pairs>;

std::vector<base::Ulid> users_of(const Pairs& pairs) {
  std::vector<base::Ulid> users;
  users.reserve(pairs.size());
  for (const auto& pair : pairs) users.push_back(pair.user_id);
  return users;
}

base::Task<> rest() {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  (void)co_await base::sleep_until(timer, std::chrono::steady_clock::now() + kBetweenPages);
}

}  // namespace

MembershipRepair::MembershipRepair(const base::Clock& clock, const base::Log& log, base::Metrics& metrics,
                                   ports::Directory& directory, ports::ShardUpkeep& upkeep, std::string shard)
    : clock_(clock), log_(log), metrics_(metrics), directory_(directory), upkeep_(upkeep), shard_(std::move(shard)) {
  for (const char* action : {"link", "unlink"})
    metrics_.counter("chat_worker_repairs_total", "links of the user side that disagreed", {{"action", action}});
}

void MembershipRepair::report(const char* action, const Pairs& pairs) {
  metrics_.counter("chat_worker_repairs_total", "links of the user side that disagreed", {{"action", action}})
      .Increment(static_cast<double>(pairs.size()));
  for (const auto& pair : pairs)
    log_.warn("membership_repaired", {{"action", action},
                                      {"shard", shard_},
                                      {"conversation_id", pair.conversation_id.text()},
                                      {"user_id", pair.user_id.text()}});
}

base::Task<base::Result<std::int64_t>> MembershipRepair::pass(const bool& stopping) {
  std::int64_t repaired = 0;
  bool ended = false;
  for (int pages = 0; pages < kMostPages && !ended && !stopping; ++pages) {
    auto page = co_await upkeep_.members_after(shard_, members_from_, kPage);
    if (!page) co_return base::fail(std::move(page).error());
    ended = last_page(*page);
    const auto next = ended ? Pair{} : page->back();
    auto added = co_await add_missing(std::move(*page));
    if (!added) co_return added;
    repaired += *added;
    members_from_ = next;
    if (!ended) co_await rest();
  }
  ended = false;
  for (int pages = 0; pages < kMostPages && !ended && !stopping; ++pages) {
    auto page = co_await upkeep_.links_after(shard_, links_from_, kPage);
    if (!page) co_return base::fail(std::move(page).error());
    ended = last_page(*page);
    const auto next = ended ? Pair{} : page->back();
    auto dropped = co_await drop_wrong(std::move(*page));
    if (!dropped) co_return dropped;
    repaired += *dropped;
    links_from_ = next;
    if (!ended) co_await rest();
  }
  co_return repaired;
}

base::Task<base::Result<std::int64_t>> MembershipRepair::add_missing(Pairs members) {
  const auto settled = clock_.now_milliseconds() - kSettled;
  std::erase_if(members, [settled](const Pair& pair) { return !pair.owned || pair.joined_at > settled; });
  if (members.empty()) co_return 0;
  auto links = co_await upkeep_.links_of(members);
  if (!links) co_return base::fail(std::move(links).error());
  Mends mends;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto& pair = members[i];
    const auto& side = (*links)[i];
    // A younger members_rev over there: this page is what is old.
    if (side.together || side.members_rev > pair.members_rev) continue;
    mends[{pair.conversation_id, pair.members_rev, pair.joined_at}].push_back(pair);
  }
  std::int64_t repaired = 0;
  for (const auto& [mend, pairs] : mends) {
    auto users = users_of(pairs);
    auto linked = co_await directory_.link(std::move(users), mend.conversation_id, mend.members_rev, mend.joined_at);
    if (!linked) co_return base::fail(std::move(linked).error());
    report("link", pairs);
    repaired += static_cast<std::int64_t>(pairs.size());
  }
  co_return repaired;
}

base::Task<base::Result<std::int64_t>> MembershipRepair::drop_wrong(Pairs links) {
  std::erase_if(links, [](const Pair& pair) { return !pair.owned; });
  if (links.empty()) co_return 0;
  auto memberships = co_await upkeep_.memberships_of(links);
  if (!memberships) co_return base::fail(std::move(memberships).error());
  Mends mends;
  for (std::size_t i = 0; i < links.size(); ++i) {
    const auto& pair = links[i];
    const auto& side = (*memberships)[i];
    if (side.together) continue;
    // The truth was read after the link: where its members_rev is lower, the link came from nowhere.
    mends[{pair.conversation_id, std::max(side.members_rev, pair.members_rev), 0}].push_back(pair);
  }
  std::int64_t repaired = 0;
  for (const auto& [mend, pairs] : mends) {
    auto users = users_of(pairs);
    auto unlinked = co_await directory_.unlink(std::move(users), mend.conversation_id, mend.members_rev);
    if (!unlinked) co_return base::fail(std::move(unlinked).error());
    report("unlink", pairs);
    repaired += static_cast<std::int64_t>(pairs.size());
  }
  co_return repaired;
}

}  // namespace chat::workers
