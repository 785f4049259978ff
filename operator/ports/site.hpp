#pragma once
#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.hpp"
#include "operator/api/chat_cluster.hpp"
#include "operator/api/parse.hpp"
#include "operator/api/write.hpp"
#include "operator/ports/resource_store.hpp"

namespace chatop::ports {

// How a Site can fail. Each comes with a sentence that says what, where and how to mend it.
enum class SiteErrc { not_found = 1, unreadable, invalid, unwritable, start, stop, unsupported };
std::error_code make_error_code(SiteErrc code);

// The name under which the operator's own log is asked for.
inline constexpr std::string_view kOperatorLog = "operator";

// A document that somebody wants to be in force.
struct Proposal {
  api::Document document;    // with its defaults
  api::OrderedJson written;  // the fields that stand in it (api::as_written())
};

enum class Change { created, configured, unchanged };
// What it means to apply a proposal.
struct Judgement {
  Change change = Change::unchanged;
  std::vector<std::string> refusals;  // sentences; any: it can not be applied
};

struct StoredOperation {
  api::ChatOperation operation;  // with the status that was written last
  bool deleting = false;
  bool seen = false;  // an operator has written a status
};

// What there is of a kind, sorted by name; what is there and can not be read hides no other.
template <class Stored>
struct Listing {
  std::vector<Stored> items;
  std::vector<chat::base::Error> unreadable;
};

// Why nothing can be applied to "chatcluster/demo" now; `program` is what the person types.
[[nodiscard]] std::string being_deleted(const std::string& kind_and_name, const std::string& program);

// Whether anybody looks after the documents.
struct OperatorSeen {
  enum class State { running, none, unknown };
  State state = State::none;
  std::string who;  // "pid 4711", a Pod; unknown: why
};

// One process of a cluster as it is known from outside, for a person to read.
struct ProcessLine {
  std::string name;
  std::string id;  // "pid 4711"; on Kubernetes the pod
  bool running = false;
  std::int64_t restarts = 0;
  std::int64_t started_ms = 0;
  std::string log;  // where it is, or how to see it
};

struct LogRequest {
  std::string process;     // or kOperatorLog
  std::int64_t tail = -1;  // only the last lines; -1: all
  bool follow = false;     // until Ctrl-C, or until nothing more can come
};

// Excludes other writers of the documents while it lives.
class WriteLock {
 public:
  virtual ~WriteLock() = default;
};

// Waits for what a person waits for: a change of a document, the end of the operator, Ctrl-C. Several changes are one.
class Watch {
 public:
  virtual ~Watch() = default;
  // From now on the end of the operator that runs, or was started, wakes; once.
  virtual void follow_operator() = 0;
  struct Woken {
    bool operator_ended = false;
    bool interrupted = false;  // Ctrl-C; neither: something changed, or the time is over
  };
  virtual Woken wait(std::chrono::milliseconds most) = 0;
};

// Where ChatClusters are kept and run, as a command line sees it: a state directory of this machine, or a namespace of
// a Kubernetes cluster. Calls block, for a few seconds at most unless they say otherwise. One thread.
class Site {
 public:
  virtual ~Site() = default;
  // For sentences: "/var/lib/chatcluster".
  [[nodiscard]] virtual std::string where() const = 0;

  // ---- documents
  [[nodiscard]] virtual chat::base::Result<std::vector<std::string>> names() = 0;  // sorted
  [[nodiscard]] virtual chat::base::Result<StoredCluster> read(std::string_view name) = 0;
  [[nodiscard]] virtual chat::base::Result<Listing<StoredCluster>> list() = 0;
  // Makes the place where documents are kept, if need be.
  [[nodiscard]] virtual chat::base::Status prepare() { return {}; }
  [[nodiscard]] virtual chat::base::Result<std::unique_ptr<WriteLock>> lock() { return std::make_unique<WriteLock>(); }
  // What apply() would do, or why it would refuse; changes nothing.
  [[nodiscard]] virtual chat::base::Result<Judgement> judge(const Proposal& proposal) = 0;
  [[nodiscard]] virtual chat::base::Status apply(const Proposal& proposal) = 0;
  // Asks the operator to take it away; what nobody looks after may be gone at once.
  [[nodiscard]] virtual chat::base::Status mark_deleting(std::string_view name) = 0;

  // ---- operations; unsupported where none can be kept
  [[nodiscard]] virtual chat::base::Result<Listing<StoredOperation>> operations();
  [[nodiscard]] virtual chat::base::Result<StoredOperation> read_operation(std::string_view name);
  [[nodiscard]] virtual chat::base::Status delete_operation(std::string_view name);

  // ---- what runs
  [[nodiscard]] virtual OperatorSeen operator_seen() = 0;
  // What a person types where none runs: "chatctl up FILE --detach".
  [[nodiscard]] virtual std::string operator_command() const = 0;
  [[nodiscard]] virtual std::vector<ProcessLine> processes(const std::string& cluster) = 0;  // sorted by name

  // ---- logs
  [[nodiscard]] virtual std::vector<std::string> logs(const std::string& cluster) = 0;  // whose there are; sorted
  [[nodiscard]] virtual chat::base::Status copy_log(const std::string& cluster, const LogRequest& request,
                                                    std::ostream& out) = 0;
  // The last lines, oldest first; none where there is no such log.
  [[nodiscard]] virtual std::vector<std::string> last_lines(const std::string& cluster, const std::string& process,
                                                            std::size_t count) = 0;

  enum class Signals { leave, take };  // take: SIGINT and SIGTERM wake the watch instead of ending the program
  [[nodiscard]] virtual std::unique_ptr<Watch> watch(Signals signals) = 0;
};

// What only a machine of one's own offers beside: the operator is started and ended by hand.
class Machine : public Site {
 public:
  // Who the operator is ("pid 4711"); nullopt: none runs.
  [[nodiscard]] virtual std::optional<std::string> running_operator() = 0;
  // In a session of its own, so that it lives on when this program ends. Its id, as running_operator() tells it.
  [[nodiscard]] virtual chat::base::Result<std::string> start_operator() = 0;
  // Asks the one that runs to end, and waits for it. The clusters go on.
  [[nodiscard]] virtual chat::base::Status stop_operator(std::chrono::seconds timeout) = 0;
  // Stops every process of every cluster.
  [[nodiscard]] virtual chat::base::Status stop_everything(std::chrono::seconds timeout) = 0;
  [[nodiscard]] virtual bool has_clusters() = 0;  // of which some process may run
  [[nodiscard]] virtual bool exists() = 0;
  [[nodiscard]] virtual bool has_room() = 0;  // for a status to be written there
  // Refused (invalid, before anything is removed) where there is something that no part of chatcluster made.
  [[nodiscard]] virtual chat::base::Status may_purge() = 0;
  [[nodiscard]] virtual chat::base::Status purge() = 0;
};

}  // namespace chatop::ports

template <>
struct std::is_error_code_enum<chatop::ports::SiteErrc> : std::true_type {};
