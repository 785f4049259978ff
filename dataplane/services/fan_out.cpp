#include "dataplane/services/fan_out.hpp"

#include <algorithm>
#include <memory>

namespace chat::services {
namespace {

std::vector<std::string> channels_of(const base::Ulid& conversation, const std::vector<base::Ulid>& members,
                                     const std::vector<base::Ulid>& subjects) {
  std::vector<std::string> channels;
  channels.reserve(members.size() + subjects.size() + 1);
  for (const auto& user : members) channels.push_back(ports::user_channel(user.text()));
  if (members.empty()) channels.push_back(ports::conversation_channel(conversation.text()));
  for (const auto& user : subjects) {
    if (std::find(members.begin(), members.end(), user) != members.end()) continue;
    channels.push_back(ports::user_channel(user.text()));
  }
  return channels;
}

}  // namespace

FanOut::FanOut(ports::Publisher& publisher, base::Metrics& metrics, PushToAll push_to_all)
    : publisher_(publisher),
      push_to_all_(std::move(push_to_all)),
      published_(metrics.counter("chat_publishes_total", "events handed to the bus")),
      failures_(metrics.counter("chat_publish_failures_total", "events that went over the direct streams instead")) {}

void FanOut::publish(const pb::BusEvent& event, const base::Ulid& conversation, const std::vector<base::Ulid>& members,
                     const std::vector<base::Ulid>& subjects) {
  struct Publication {
    std::vector<std::string> channels;
    std::string event;
  };
  // Shared: it is needed again only where the bus says, later, that it failed.
  auto publication = std::make_shared<Publication>();
  publication->channels = channels_of(conversation, members, subjects);
  publication->event = event.SerializeAsString();
  published_.Increment();
  publisher_.publish(publication->channels, publication->event, [this, publication](bool done) {
    if (done) return;
    failures_.Increment();
    pb::Push push;
    for (auto& channel : publication->channels) push.add_channels(std::move(channel));
    push.set_event(std::move(publication->event));
    push_to_all_(push.SerializeAsString());
  });
}

}  // namespace chat::services
