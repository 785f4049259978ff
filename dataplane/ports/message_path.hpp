#pragma once
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "dataplane/base/result.hpp"
#include "dataplane/base/task.hpp"
#include "dataplane/domain/conversation.hpp"
#include "dataplane/ports/store.hpp"

namespace chat::ports {

// What gateways and the REST API ask of chat-messages. An error of a domain code is for the client as it is.
class MessagePath {
 public:
  struct Caller {
    std::string trace_id;
    bool vip = false;  // limits.vipUsers
  };
  struct SyncFrom {
    Ulid conversation_id;
    std::int64_t after_rev = 0;
    domain::Head head;
  };
  // What changed beside messages, for everyone concerned; becomes the `conversation` frame.
  struct Announcement {
    Ulid conversation_id;
    domain::Head head;
    std::string change;          // created, renamed, deleted, member_added, member_removed, role_changed
    std::vector<Ulid> subjects;  // whom it is about: they hear it on their own channel whatever the size
    std::vector<Ulid> audience;  // members, where at most kMembersPublishedSingly; else empty: the group's channel
    std::string frame;           // the JSON of the frame
  };

  virtual ~MessagePath() = default;
  // Waits until the message is committed and answers how, or fails: then it was not acknowledged. Retried inside the
  // deadline where an instance is away, which I2 makes safe.
  virtual Task<Result<domain::Ack>> send(domain::Draft draft, Caller caller, std::chrono::milliseconds timeout) = 0;
  virtual Task<Result<Changes>> changes(Ulid conversation, Ulid viewer, std::int64_t after_rev, int limit) = 0;
  // All conversations of a user who signs on, with their heads.
  virtual Task<Result<std::vector<domain::Head>>> sign_on(Ulid user) = 0;
  // From where a sync must start: the named ones from the given rev; with `others`, the user's other conversations
  // from what the device confirmed last. Those that are not the user's are left out.
  virtual Task<Result<std::vector<SyncFrom>>> sync_points(Ulid user, std::string device_id,
                                                          std::map<Ulid, std::int64_t> named, bool others) = 0;
  virtual Task<Result<std::vector<domain::Head>>> heads(std::vector<Ulid> conversations) = 0;
  virtual Task<Result<MembershipAnswer>> membership(Ulid conversation, std::vector<Ulid> users) = 0;
  virtual Task<Status> receipt(domain::Receipt receipt) = 0;
  virtual Task<Status> announce(Announcement announcement) = 0;
};

}  // namespace chat::ports
