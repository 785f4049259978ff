#include "dataplane/services/commit_router.hpp"

#include <boost/asio/post.hpp>

#include "dataplane/domain/errors.hpp"

namespace chat::services {
namespace {

// Two shards that each name the other are a broken map: give up instead of playing ball.
constexpr int kMostMoves = 5;

bool same(const base::HostPort& a, const base::HostPort& b) { return a.host == b.host && a.port == b.port; }

}  // namespace

CommitRouter::CommitRouter(boost::asio::any_io_executor executor, const base::Clock& clock, const base::Log& log,
                           base::Metrics& metrics, domain::Router& router, MakeWriter make_writer,
                           GroupCommitOptions options)
    : executor_(std::move(executor)),
      clock_(clock),
      log_(log),
      metrics_(metrics),
      router_(router),
      make_writer_(std::move(make_writer)),
      options_(options) {
  map_changed();
}

void CommitRouter::map_changed() {
  for (const auto& shard : router_.map().shards) {
    auto& member = members_[shard.name];
    if (!member.commit) {
      member.commit =
          std::make_unique<GroupCommit>(executor_, clock_, log_, metrics_, shard.name, make_writer_(shard), options_);
    } else if (!same(member.address, shard.address)) {
      member.commit->replace_writer(make_writer_(shard));
    }
    member.address = shard.address;
  }
}

void CommitRouter::submit(domain::Draft draft, base::SteadyTime deadline, CommitDone done) {
  submit(std::move(draft), deadline, std::move(done), 0);
}

void CommitRouter::submit(domain::Draft draft, base::SteadyTime deadline, CommitDone done, int moves) {
  const auto bucket = domain::bucket_of(draft.conversation_id);
  auto owner = members_.find(router_.owner(bucket));
  if (owner == members_.end() || moves > kMostMoves) {
    boost::asio::post(executor_, [done = std::move(done)] {
      done(base::fail(domain::Errc::unavailable, "this conversation is being moved: try again shortly",
                      std::chrono::seconds(1)));
    });
    return;
  }
  owner->second.commit->submit(
      std::move(draft), deadline,
      [this, deadline, moves, bucket, done = std::move(done)](base::Result<Committed> result) {
        if (!result || result->written.kind != ports::Written::Kind::moved) return done(std::move(result));
        if (router_.owner(bucket) != result->written.owner) {
          log_.info("bucket_moved",
                    {{"bucket", bucket}, {"owner", result->written.owner}, {"epoch", result->written.epoch}});
        }
        router_.learn(bucket, result->written.owner, result->written.epoch);
        submit(std::move(result->draft), deadline, done, moves + 1);
      });
}

base::Task<> CommitRouter::stop(base::SteadyTime deadline) {
  // All are told before any is waited for: their backlogs drain side by side.
  base::TaskGroup stopping(executor_);
  for (auto& [name, member] : members_) stopping.spawn("stop " + name, member.commit->stop(deadline));
  (void)co_await stopping.idle(base::SteadyTime::max());
}

std::string CommitRouter::not_writable() const {
  for (const auto& shard : router_.map().shards) {
    auto member = members_.find(shard.name);
    if (member == members_.end()) return shard.name + " has no writer";
    if (auto why = member->second.commit->not_writable(); !why.empty()) return shard.name + ": " + why;
  }
  return {};
}

std::map<std::string, GroupCommit::Finding> CommitRouter::findings() const {
  std::map<std::string, GroupCommit::Finding> findings;
  for (const auto& shard : router_.map().shards) {
    auto member = members_.find(shard.name);
    if (member != members_.end()) findings.emplace(shard.name, member->second.commit->finding());
  }
  return findings;
}

}  // namespace chat::services
