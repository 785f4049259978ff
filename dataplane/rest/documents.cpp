#include "dataplane/rest/documents.hpp"

#include "dataplane/base/clock.hpp"
#include "dataplane/protocol/frames.hpp"

namespace chat::rest {
namespace {

using base::Json;

std::string text(std::string_view view) { return std::string(view); }

Json member(const domain::Member& member, const services::Names& users) {
  Json json{{"user_id", member.user_id.text()},
            {"role", text(domain::name(member.role))},
            {"joined_at", base::rfc3339(member.joined_at)},
            {"last_delivered_seq", member.delivered_seq},
            {"last_read_seq", member.read_seq}};
  if (auto user = users.find(member.user_id); user != users.end()) {
    json["username"] = user->second.username;
    json["display_name"] = user->second.display_name;
  }
  return json;
}

Json members(const services::MemberPage& page) {
  Json items = Json::array();
  for (const auto& item : page.items) items.push_back(member(item, page.users));
  return items;
}

// A one-on-one has the name of the other person.
Json summary(const domain::Summary& summary, const services::Names& names) {
  const auto& conversation = summary.conversation;
  Json json{{"conversation_id", conversation.conversation_id.text()},
            {"type", text(domain::name(conversation.type))},
            {"name", conversation.name},
            {"created_at", base::rfc3339(conversation.created_at)},
            {"created_by", conversation.created_by.text()},
            {"member_count", conversation.head.member_count},
            {"my_role", text(domain::name(summary.my_role))},
            {"last_seq", conversation.head.seq},
            {"last_rev", conversation.head.rev},
            {"last_read_seq", summary.last_read_seq},
            {"unread", summary.unread},
            {"last_activity_at", base::rfc3339(summary.last_activity_at)}};
  if (summary.other_user_id) {
    json["other_user_id"] = summary.other_user_id->text();
    if (auto other = names.find(*summary.other_user_id); other != names.end())
      json["name"] = other->second.display_name;
  }
  if (summary.last_message) json["last_message"] = protocol::to_json(*summary.last_message);
  return json;
}

}  // namespace

Json to_json(const ports::User& user) {
  return {{"user_id", user.user_id.text()},
          {"username", user.username},
          {"display_name", user.display_name},
          {"created_at", base::rfc3339(user.created_at)}};
}

Json to_json(const services::MemberPage& page) {
  return {{"items", members(page)}, {"next_cursor", page.next ? Json(page.next->text()) : Json(nullptr)}};
}

Json to_json(const services::ConversationPage& page) {
  Json items = Json::array();
  for (const auto& item : page.items) items.push_back(summary(item, page.others));
  return {{"items", std::move(items)},
          {"next_cursor", page.next ? Json(services::to_cursor(*page.next)) : Json(nullptr)}};
}

Json to_json(const services::Details& details) {
  Json json = summary(details.summary, details.members.users);
  json["members"] = members(details.members);
  return json;
}

}  // namespace chat::rest
