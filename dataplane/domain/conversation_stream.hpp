#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace chat::domain {

// A change of a conversation on its way to people: its rev, the seq of the newest message after it, and what they get.
// The frame is shared: everyone who gets it gets the same bytes.
struct Change {
  std::int64_t rev = 0;
  std::int64_t seq = 0;
  std::shared_ptr<const std::string> frame;
};

// Turns changes that arrive late, twice or not at all into a gap-free ascending sequence (I4). Pure: it holds what is
// ahead of a gap, says that there is one, and whoever owns it waits a moment and then reads the missing ones from the
// store. What does not fit the bounds is forgotten, which only makes the gap longer: the store has it.
class ConversationStream {
 public:
  static constexpr std::size_t kHeldChanges = 256;
  static constexpr std::size_t kHeldBytes = 1024 * 1024;

  enum class Put {
    next,       // next() gives it now
    held,       // something before it is missing, or the stream has not started
    duplicate,  // delivered before, or held already
    forgotten,  // did not fit
  };

  // Until then everything is held: the conversation is known from an event, but not yet since when it concerns us.
  // Changes up to `rev` count as delivered.
  void start(std::int64_t rev, std::int64_t seq);
  [[nodiscard]] bool started() const { return delivered_ >= 0; }

  Put put(Change change);
  // The common case without holding anything: true where `rev` is the next one, which then counts as delivered.
  bool pass(std::int64_t rev, std::int64_t seq);
  // The next change in order, which then counts as delivered; nullopt at a gap or when all is delivered.
  [[nodiscard]] std::optional<Change> next();
  // The store has changes up to `rev`.
  void saw(std::int64_t rev);

  [[nodiscard]] bool behind() const { return delivered_ < known_; }
  [[nodiscard]] std::int64_t delivered() const { return delivered_; }
  [[nodiscard]] std::int64_t seq() const { return seq_; }  // the newest message among those delivered
  [[nodiscard]] std::optional<std::int64_t> first_held() const;

 private:
  struct Held {
    std::map<std::int64_t, Change> changes;
    std::size_t bytes = 0;
  };
  void drop_last();

  std::int64_t delivered_ = -1;
  std::int64_t seq_ = 0;
  std::int64_t known_ = -1;
  std::unique_ptr<Held> held_;  // none for almost every conversation, almost always
};

}  // namespace chat::domain
