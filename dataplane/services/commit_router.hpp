#pragma once
#include <functional>
#include <map>

#include "dataplane/domain/cluster_map.hpp"
#include "dataplane/services/group_commit.hpp"

namespace chat::services {

// One GroupCommit a shard of the map, and the way from a draft to the right one: a shard that says "moved" teaches the
// router, and the draft goes to the owner with the deadline it had (I5). On the executor's thread.
class CommitRouter {
 public:
  using MakeWriter = std::function<GroupCommit::Writer(const domain::Shard&)>;
  CommitRouter(boost::asio::any_io_executor executor, const base::Clock& clock, const base::Log& log,
               base::Metrics& metrics, domain::Router& router, MakeWriter make_writer, GroupCommitOptions options = {});

  // New shards get a committer, moved addresses a new writer. A shard that left the map keeps its committer: what is
  // queued there ends as moved.
  void map_changed();
  void submit(domain::Draft draft, base::SteadyTime deadline, CommitDone done);
  [[nodiscard]] base::Task<> stop(base::SteadyTime deadline);
  [[nodiscard]] std::string not_writable() const;
  [[nodiscard]] std::map<std::string, GroupCommit::Finding> findings() const;  // by shard, of those of the map

 private:
  struct Member {
    base::HostPort address;
    std::unique_ptr<GroupCommit> commit;
  };
  void submit(domain::Draft draft, base::SteadyTime deadline, CommitDone done, int moves);

  boost::asio::any_io_executor executor_;
  const base::Clock& clock_;
  const base::Log& log_;
  base::Metrics& metrics_;
  domain::Router& router_;
  MakeWriter make_writer_;
  GroupCommitOptions options_;
  std::map<std::string, Member, std::less<>> members_;
};

}  // namespace chat::services
