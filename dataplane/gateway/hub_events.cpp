// What comes in over the bus and the direct streams.
#include <algorithm>

#include "dataplane/gateway/hub.hpp"
#include "dataplane/protocol/convert.hpp"

namespace chat::gateway {
namespace {

constexpr std::size_t kWaitingFrames = 256;  // a conversation's frames that wait for its membership

bool among(const pb::BusEvent& event, const Ulid& user) {
  return std::any_of(event.subjects().begin(), event.subjects().end(),
                     [&](const std::string& bytes) { return protocol::id_of(bytes) == user; });
}

}  // namespace

void Hub::on_bus(std::string_view channel, std::string_view event) {
  auto parsed = ports::parse_channel(channel);
  if (!parsed || !event_.ParseFromArray(event.data(), static_cast<int>(event.size()))) {
    ports_.log.warn("bus_event_unreadable", {{"channel", channel}, {"bytes", event.size()}});
    return;
  }
  handle(*parsed, event_);
}

void Hub::on_push(const std::vector<std::string>& channels, std::string_view event) {
  if (!event_.ParseFromArray(event.data(), static_cast<int>(event.size()))) {
    ports_.log.warn("pushed_event_unreadable", {{"bytes", event.size()}});
    return;
  }
  // All gateways get every push: most channels are not ours.
  for (const auto& channel : channels) {
    if (auto parsed = ports::parse_channel(channel)) handle(*parsed, event_);
  }
}

void Hub::handle(const ports::Channel& channel, const pb::BusEvent& event) {
  User* via = nullptr;
  if (channel.of_user) {
    via = find_user(channel.id);
    // Where nobody of them is signed on yet, sign-on reads how things stand, this event included.
    if (via == nullptr || via->clients.empty()) return;
  }
  if (event.kind() == pb::BusEvent::SIGNED_OUT) {
    if (via != nullptr) on_signed_out(*via, event);
    return;
  }
  auto head = protocol::from_pb(event.head());
  if (!head) {
    ports_.log.warn("bus_event_without_head", {{"kind", static_cast<int>(event.kind())}});
    return;
  }
  switch (event.kind()) {
    case pb::BusEvent::MESSAGE:
      return on_message(head->conversation_id, via, event, *head);
    case pb::BusEvent::RECEIPT:
      return on_receipt(head->conversation_id, via, event, *head);
    case pb::BusEvent::CONVERSATION:
      return on_conversation(head->conversation_id, via, event, *head);
    default:
      return;  // a kind of a newer version
  }
}

void Hub::on_message(const Ulid& id, User* via, const pb::BusEvent& event, const domain::Head& head) {
  auto* conversation = find(id);
  if (conversation == nullptr) {
    if (via == nullptr) return;
    conversation = &add(id);
  }
  // Its writer counted them as a member, at least at that version of the membership.
  if (via != nullptr && head.members_rev >= conversation->members_rev && !is_member(*conversation, *via)) {
    candidate(*conversation, *via, Candidate{.since = std::nullopt, .at_most = head.rev - 1});
  }
  conversation->wanted_members_rev = std::max(conversation->wanted_members_rev, head.members_rev);
  auto& stream = conversation->stream;
  if (stream.started() && head.rev <= stream.delivered()) {
    if (!membership_known(*conversation)) work_on(*conversation);
    return;
  }
  domain::Change change{head.rev, head.seq, make_frame(event.frame())};
  if (!membership_known(*conversation)) {
    stream.put(std::move(change));
    return work_on(*conversation);
  }
  if (stream.pass(head.rev, head.seq)) {
    deliver(*conversation, change);
  } else {
    stream.put(std::move(change));
  }
  pump(*conversation);
  if (stream.behind()) work_on(*conversation);
}

void Hub::on_receipt(const Ulid& id, User* via, const pb::BusEvent& event, const domain::Head& head) {
  auto* conversation = find(id);
  if (conversation == nullptr) return;
  conversation->wanted_members_rev = std::max(conversation->wanted_members_rev, head.members_rev);
  Waiting waiting{make_frame(event.frame()), std::nullopt, {}};
  if (via != nullptr) waiting.to = via->id;  // the same event comes on each member's channel
  if (membership_known(*conversation)) return send_waiting(*conversation, waiting);
  if (!conversation->pending) conversation->pending = std::make_unique<Pending>();
  // At the bound a receipt is lost to the screen until the next one: it is stored.
  if (conversation->pending->waiting.size() < kWaitingFrames) conversation->pending->waiting.push_back(waiting);
  work_on(*conversation);
}

void Hub::on_conversation(const Ulid& id, User* via, const pb::BusEvent& event, const domain::Head& head) {
  const bool subject = via != nullptr && among(event, via->id);
  const bool removal = event.change() == "member_removed" || event.change() == "deleted";
  const auto frame = make_frame(event.frame());
  auto* conversation = find(id);

  // Of a removal that they are back from: it was on its way longer than the news of that.
  const bool over = event.change() == "member_removed" && subject && conversation != nullptr &&
                    membership_known(*conversation) && head.members_rev <= conversation->members_rev &&
                    is_member(*conversation, *via);
  if (over) return;

  // Whom it takes away hears it now: afterwards they are nobody the membership knows.
  if (removal && via != nullptr && (subject || event.change() == "deleted")) {
    for (auto* client : via->clients) client->removed(id, frame);
  } else if (event.change() == "deleted" && conversation != nullptr && event.subjects().empty()) {
    // Those it names hear it on their own channels, and once.
    for (auto* user : conversation->members) {
      for (auto* client : user->clients) client->removed(id, frame);
    }
  } else if (via != nullptr) {
    if (conversation == nullptr) conversation = &add(id);
    if (!is_member(*conversation, *via)) {
      Candidate joining;
      // Both say from where on they are a member.
      if (event.change() == "created" || (event.change() == "member_added" && subject)) joining.since = head;
      candidate(*conversation, *via, joining);
    }
  }
  if (conversation == nullptr) return;
  conversation->wanted_members_rev = std::max(conversation->wanted_members_rev, head.members_rev);
  conversation->stream.saw(head.rev);
  if (removal && (subject || event.change() == "deleted")) {
    conversation->reread = true;
  } else {
    Waiting waiting{frame, std::nullopt, {}};
    if (via != nullptr) {
      waiting.to = via->id;
    } else {
      for (const auto& bytes : event.subjects()) {
        if (auto user = protocol::id_of(bytes)) waiting.subjects.push_back(*user);
      }
    }
    if (!conversation->pending) conversation->pending = std::make_unique<Pending>();
    if (conversation->pending->waiting.size() < kWaitingFrames) conversation->pending->waiting.push_back(waiting);
  }
  if (membership_known(*conversation)) {
    flush(*conversation);
    if (conversation->stream.behind()) work_on(*conversation);
  } else {
    work_on(*conversation);
  }
}

void Hub::on_signed_out(User& user, const pb::BusEvent& event) {
  auto session = protocol::id_of(event.session_id());
  if (!session) return;
  for (auto* client : user.clients) {
    if (client->session_id() == *session) client->close(CloseCode::unauthorized, "signed out");
  }
}

void Hub::deliver(Conversation& conversation, const domain::Change& change) {
  std::size_t count = 0;
  for (auto* user : conversation.members) {
    for (auto* client : user->clients) client->change(conversation.id, change.rev, change.frame);
    count += user->clients.size();
  }
  ports_.metrics.messages_delivered.Increment(static_cast<double>(count));
}

void Hub::pump(Conversation& conversation) {
  while (auto change = conversation.stream.next()) deliver(conversation, *change);
}

void Hub::send_waiting(Conversation& conversation, const Waiting& waiting) {
  for (auto* user : conversation.members) {
    if (waiting.to && user->id != *waiting.to) continue;
    if (std::find(waiting.subjects.begin(), waiting.subjects.end(), user->id) != waiting.subjects.end()) continue;
    for (auto* client : user->clients) client->send(waiting.frame);
  }
}

void Hub::flush(Conversation& conversation) {
  if (!conversation.pending) return;
  for (const auto& waiting : conversation.pending->waiting) send_waiting(conversation, waiting);
  conversation.pending.reset();  // there are no candidates either: the membership is known
}

void Hub::work_on(Conversation& conversation) {
  if (conversation.working || stopping_) return;
  conversation.working = true;
  tasks_.spawn("conversation_work", work(conversation.id, conversation.generation));
}

}  // namespace chat::gateway
