#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "dataplane/gateway/client.hpp"

namespace chat::gateway {

// The order of changes on one connection. Live changes pass straight through, but for conversations that are being read
// from the store (a sync, or catching up): those are held, and what the reading has answered is not sent again.
// Pure, but for the sending it is told to do. Bounded: what does not fit is noted as missing, and whoever releases
// reads it from the store first.
class Feed {
 public:
  static constexpr std::size_t kHeldChanges = 512;
  static constexpr std::size_t kHeldBytes = 1024 * 1024;
  using Send = std::function<void(const Frame&)>;
  using Delivered = std::function<std::optional<std::int64_t>(const Ulid&)>;  // how far the live changes are

  // A live change: true where it is to be sent now.
  [[nodiscard]] bool change(const Ulid& conversation, std::int64_t rev, const Frame& frame);

  void hold_all();
  void hold(const Ulid& conversation);
  // Everything of `conversation` up to `rev` was sent from the store.
  void answered(const Ulid& conversation, std::int64_t rev);
  // The conversation whose held changes are incomplete, and after which rev the store has to be read; nullopt: none.
  struct Missing {
    Ulid conversation;
    std::int64_t after = 0;
  };
  [[nodiscard]] std::optional<Missing> missing() const;
  [[nodiscard]] std::optional<Missing> missing(const Ulid& conversation) const;
  // The store was read for a missing one, up to a rev that was answered(): what is held since may flow again.
  void found(const Ulid& conversation);

  // Its user is no member any more: what was held of it goes. What was answered stays known, they may come back.
  void forget(const Ulid& conversation);

  void release_all(const Send& send, const Delivered& delivered);
  void release(const Ulid& conversation, const Send& send, const Delivered& delivered);
  // After which rev the store has to be read for one that is owed what comes after `rev`: nothing that was answered
  // again, and what is held with it, since it does not come before what was read.
  [[nodiscard]] std::int64_t unsent_after(const Ulid& conversation, std::int64_t rev) const;
  [[nodiscard]] bool holding(const Ulid& conversation) const;

 private:
  struct Held {
    Ulid conversation;
    std::int64_t rev = 0;
    Frame frame;
  };
  struct State {
    int all = 0;  // how many hold everything
    std::multiset<Ulid> some;
    std::map<Ulid, std::int64_t> floors;   // answered from the store, and the live changes are not there yet
    std::map<Ulid, std::int64_t> dropped;  // the first rev of each that did not fit
    std::vector<Held> held;                // as they came
    std::size_t bytes = 0;
  };
  State& state();
  // Up to where the store's answers went, where the live changes may not be there yet; 0: they are.
  [[nodiscard]] std::int64_t floor(const Ulid& conversation) const;
  bool pass(const Ulid& conversation, std::int64_t rev);
  void drop(const Ulid& conversation, std::int64_t rev);
  void release_held(const Send& send, const Delivered& delivered);
  void forget_if_empty();

  std::unique_ptr<State> state_;  // none for almost every connection, almost always
};

}  // namespace chat::gateway
