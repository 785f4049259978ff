#pragma once
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <tuple>

#include "dataplane/domain/bucket.hpp"
#include "dataplane/ports/store.hpp"

namespace chat::testing {

// A shard in memory that behaves as ports::ShardWriter says: gap-free seq and rev, the first answer for a repeat, moved
// for buckets it does not own, the batch refused as a whole where one draft is poison. Tests can make it slow or make
// its calls fail, before or after they have stored. Thread-safe; shared by a test and the writers it hands out.
class FakeShard {
 public:
  enum class Fault { unreachable, no_room, unknown_not_stored, unknown_stored, torn };

  base::Result<std::vector<ports::Written>> write(std::span<const domain::Draft> drafts, std::int64_t now) {
    std::unique_lock lock(mutex_);
    if (drafts.empty()) return probe();
    ++writing_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
    --writing_;
    sizes_.push_back(drafts.size());
    std::optional<Fault> fault;
    if (!faults_.empty()) {
      fault = faults_.front();
      faults_.pop_front();
    }
    if (fault == Fault::unreachable) return base::fail(ports::WriteErrc::unreachable, "down");
    if (fault == Fault::no_room) return base::fail(ports::WriteErrc::no_room, "disk full");
    if (fault == Fault::unknown_not_stored) return base::fail(ports::WriteErrc::unknown_outcome, "lost");
    for (const auto& draft : drafts) {
      if (poison_.contains(draft.client_msg_id)) return base::fail(ports::WriteErrc::rejected, "poison");
    }
    std::vector<ports::Written> written;
    for (const auto& draft : drafts) written.push_back(store(draft, now));
    if (fault == Fault::unknown_stored) return base::fail(ports::WriteErrc::unknown_outcome, "lost after commit");
    if (fault == Fault::torn) written.pop_back();
    return written;
  }

  void fail_next(Fault fault, int times = 1) {
    std::lock_guard lock(mutex_);
    for (int i = 0; i < times; ++i) faults_.push_back(fault);
  }
  void down(bool is) {
    std::lock_guard lock(mutex_);
    down_ = is;
  }
  void poison(const std::string& client_msg_id) {
    std::lock_guard lock(mutex_);
    poison_.insert(client_msg_id);
  }
  void move_away(const base::Ulid& conversation, const std::string& owner, std::int64_t epoch) {
    std::lock_guard lock(mutex_);
    moved_[domain::bucket_of(conversation)] = {owner, epoch};
  }
  // While held, writes do not return; probes do.
  void hold() {
    std::lock_guard lock(mutex_);
    held_ = true;
  }
  void release() {
    std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }
  // Until a write is held.
  [[nodiscard]] bool wait_for_write(std::chrono::milliseconds within = std::chrono::seconds(5)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, within, [this] { return held_ && writing_ > 0; });
  }
  [[nodiscard]] std::vector<std::size_t> sizes() const {
    std::lock_guard lock(mutex_);
    return sizes_;
  }
  [[nodiscard]] std::vector<domain::Message> messages(const base::Ulid& conversation) const {
    std::lock_guard lock(mutex_);
    auto found = messages_.find(conversation);
    return found == messages_.end() ? std::vector<domain::Message>{} : found->second;
  }
  std::vector<base::Ulid> members;  // of every conversation; set before use

 private:
  base::Result<std::vector<ports::Written>> probe() {
    if (down_) return base::fail(ports::WriteErrc::unreachable, "down");
    return std::vector<ports::Written>{};
  }

  ports::Written store(const domain::Draft& draft, std::int64_t now) {
    ports::Written written;
    if (auto moved = moved_.find(domain::bucket_of(draft.conversation_id)); moved != moved_.end()) {
      written.kind = ports::Written::Kind::moved;
      std::tie(written.owner, written.epoch) = moved->second;
      return written;
    }
    const auto key = std::make_tuple(draft.conversation_id, draft.sender_id, draft.client_msg_id);
    if (auto first = keys_.find(key); first != keys_.end()) {
      written.kind = ports::Written::Kind::duplicate;
      written.ack = first->second;
      written.ack.duplicate = true;
      return written;
    }
    if (draft.content == "not a member") {
      written.kind = ports::Written::Kind::refused;
      written.refusal = domain::Errc::not_found;
      written.why = "no such conversation";
      return written;
    }
    auto& list = messages_[draft.conversation_id];
    domain::Message message;
    message.conversation_id = draft.conversation_id;
    message.seq = message.rev = static_cast<std::int64_t>(list.size()) + 1;
    message.created_at = list.empty() ? now : std::max(now, list.back().created_at + 1);
    message.message_id = base::new_ulid(message.created_at);
    message.sender_id = draft.sender_id;
    message.client_msg_id = draft.client_msg_id;
    message.content = draft.content;
    list.push_back(message);
    written.kind = ports::Written::Kind::stored;
    written.ack = {draft.client_msg_id,
                   draft.conversation_id,
                   message.message_id,
                   message.seq,
                   message.rev,
                   message.created_at,
                   false};
    keys_[key] = written.ack;
    written.message = message;
    written.head = {draft.conversation_id, message.seq, message.rev, 1, static_cast<std::int32_t>(members.size())};
    if (members.size() <= static_cast<std::size_t>(domain::kMembersPublishedSingly)) written.members = members;
    return written;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  bool down_ = false;
  int writing_ = 0;
  std::deque<Fault> faults_;
  std::set<std::string> poison_;
  std::map<std::uint16_t, std::pair<std::string, std::int64_t>> moved_;
  std::vector<std::size_t> sizes_;
  std::map<base::Ulid, std::vector<domain::Message>> messages_;
  std::map<std::tuple<base::Ulid, base::Ulid, std::string>, domain::Ack> keys_;
};

class FakeShardWriter final : public ports::ShardWriter {
 public:
  explicit FakeShardWriter(std::shared_ptr<FakeShard> shard) : shard_(std::move(shard)) {}
  base::Result<std::vector<ports::Written>> write(std::span<const domain::Draft> drafts, std::int64_t now) override {
    return shard_->write(drafts, now);
  }

 private:
  std::shared_ptr<FakeShard> shard_;  // shared with the test
};

}  // namespace chat::testing
