#pragma once
#include "dataplane/base/blocking_pool.hpp"

#include <memory>
#include <set>
#include <string>

#include "dataplane/base/log.hpp"
#include "dataplane/base/metrics.hpp"
#include "dataplane/ports/directory.hpp"
#include "dataplane/ports/event_log.hpp"

namespace chat::workers {

// Reads one shard's outbox, in order per conversation, does what the events ask and removes what is done. A crash in
// between does an event twice: everything done here may be.
// One thread (the executor's); the EventLog is called on a thread of its own. One turn() at a time.
class OutboxConsumer {
 public:
  enum class Turn {
    standby,    // another worker reads this outbox
    idle,       // nothing to do
    caught_up,  // what there was is done
    worked,     // as much as one turn takes is done: more is waiting
    failed,     // see trouble(); something may have been done nevertheless
  };

  OutboxConsumer(const base::Log& log, base::Metrics& metrics, ports::Directory& directory, std::string shard,
                 std::unique_ptr<ports::EventLog> events);
  [[nodiscard]] base::Task<Turn> turn();
  [[nodiscard]] bool claimed() const { return claimed_; }
  [[nodiscard]] const std::string& trouble() const { return trouble_; }  // of the last turn; empty where it went well

 private:
  base::Task<base::Result<std::vector<ports::Event>>> read();
  base::Task<base::Status> apply(const ports::Event& event);
  void count(const std::vector<ports::Event>& done);
  Turn failed(const base::Error& error);

  const base::Log& log_;
  base::Metrics& metrics_;
  ports::Directory& directory_;
  std::string shard_;
  std::unique_ptr<ports::EventLog> events_;
  base::BlockingPool thread_;
  bool claimed_ = false;
  std::string trouble_;
};

}  // namespace chat::workers
