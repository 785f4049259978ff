#include "dataplane/rest/openapi.hpp"

namespace chat::rest {
namespace {

constexpr std::string_view kSchemas = R"json({
"Id": {"type": "string", "pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$", "description": "A ULID"},
"Seq": {"type": "integer", "format": "int64", "minimum": 0},
"Time": {"type": "string", "format": "date-time", "description": "UTC with milliseconds"},
"Cursor": {"type": ["string", "null"], "description": "Opaque; null at the end"},
"Plain": {"type": "string"},
"Page": {"type": "string"},
"Problem": {"type": "object", "required": ["type", "title", "status", "code"], "properties": {
  "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"},
  "code": {"enum": ["bad_request", "unauthorized", "forbidden", "not_found", "conflict", "too_large", "rate_limited",
    "blocked", "moderated", "unavailable"]},
  "retry_after_ms": {"type": "integer"}, "trace_id": {"type": "string"}}},
"NewUser": {"type": "object", "required": ["username", "password"], "properties": {
  "username": {"type": "string", "pattern": "^[A-Za-z0-9_]{3,50}$", "description": "Unique whatever the case"},
  "password": {"type": "string", "minLength": 8, "description": "At most 1024 bytes"},
  "display_name": {"type": ["string", "null"], "minLength": 1, "maxLength": 100}}},
"UserId": {"type": "object", "required": ["user_id"], "properties": {"user_id": {"$ref": "#/components/schemas/Id"}}},
"Login": {"type": "object", "required": ["username", "password"], "properties": {
  "username": {"type": "string"}, "password": {"type": "string"},
  "device_id": {"type": ["string", "null"], "pattern": "^[A-Za-z0-9_.-]{1,64}$", "description": "None: a new device"}}},
"SignedIn": {"type": "object", "required": ["access_token", "expires_in", "user_id", "device_id"], "properties": {
  "access_token": {"type": "string"}, "token_type": {"const": "Bearer"}, "expires_in": {"type": "integer"},
  "user_id": {"$ref": "#/components/schemas/Id"}, "device_id": {"type": "string"}}},
"JsonWebKeySet": {"type": "object", "required": ["keys"], "properties": {"keys": {"type": "array", "items": {
  "type": "object", "required": ["kty", "kid", "alg", "n", "e"], "properties": {"kty": {"const": "RSA"},
  "use": {"const": "sig"}, "alg": {"const": "RS256"}, "kid": {"type": "string"}, "n": {"type": "string"},
  "e": {"type": "string"}}}}}},
"User": {"type": "object", "required": ["user_id", "username", "display_name", "created_at"], "properties": {
  "user_id": {"$ref": "#/components/schemas/Id"}, "username": {"type": "string"}, "display_name": {"type": "string"},
  "created_at": {"$ref": "#/components/schemas/Time"}}},
"UserList": {"type": "object", "required": ["items"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/User"}}}},
"ProfileChange": {"type": "object", "required": ["display_name"], "properties": {
  "display_name": {"type": "string", "minLength": 1, "maxLength": 100}}},
"NewConversation": {"type": "object", "required": ["type", "member_ids"], "properties": {
  "type": {"const": "one_on_one"}, "member_ids": {"type": "array", "items": {"$ref": "#/components/schemas/Id"}}}},
"NewGroup": {"type": "object", "required": ["name", "member_ids"], "properties": {
  "name": {"type": "string", "minLength": 1, "maxLength": 200},
  "member_ids": {"type": "array", "maxItems": 10000, "items": {"$ref": "#/components/schemas/Id"}}}},
"ConversationChange": {"type": "object", "required": ["name"], "properties": {
  "name": {"type": "string", "minLength": 1, "maxLength": 200}}},
"ConversationSummary": {"type": "object",
  "required": ["conversation_id", "type", "name", "last_seq", "last_rev", "last_read_seq", "unread"], "properties": {
  "conversation_id": {"$ref": "#/components/schemas/Id"}, "type": {"enum": ["one_on_one", "group"]},
  "name": {"type": "string", "description": "Of a one-on-one: the other's display name"},
  "created_at": {"$ref": "#/components/schemas/Time"}, "created_by": {"$ref": "#/components/schemas/Id"},
  "member_count": {"type": "integer"}, "my_role": {"$ref": "#/components/schemas/Role"},
  "other_user_id": {"$ref": "#/components/schemas/Id"}, "last_seq": {"$ref": "#/components/schemas/Seq"},
  "last_rev": {"$ref": "#/components/schemas/Seq"}, "last_read_seq": {"$ref": "#/components/schemas/Seq"},
  "unread": {"type": "integer", "minimum": 0, "description": "Others' messages after last_read_seq"},
  "last_activity_at": {"$ref": "#/components/schemas/Time"}, "last_message": {"$ref": "#/components/schemas/Message"}}},
"ConversationPage": {"type": "object", "required": ["items", "next_cursor"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/ConversationSummary"}},
  "next_cursor": {"$ref": "#/components/schemas/Cursor"}}},
"Conversation": {"allOf": [{"$ref": "#/components/schemas/ConversationSummary"}, {"type": "object",
  "required": ["created_at", "members"], "properties": {"members": {"type": "array",
  "description": "The first 100; all of them by the call for members", "items": {"$ref": "#/components/schemas/Member"}}}}]},
"Role": {"enum": ["owner", "admin", "member"]},
"Member": {"type": "object", "required": ["user_id", "role", "joined_at"], "properties": {
  "user_id": {"$ref": "#/components/schemas/Id"}, "username": {"type": "string"}, "display_name": {"type": "string"},
  "role": {"$ref": "#/components/schemas/Role"}, "joined_at": {"$ref": "#/components/schemas/Time"},
  "last_delivered_seq": {"$ref": "#/components/schemas/Seq"}, "last_read_seq": {"$ref": "#/components/schemas/Seq"}}},
"MemberPage": {"type": "object", "required": ["items", "next_cursor"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/Member"}},
  "next_cursor": {"$ref": "#/components/schemas/Cursor"}}},
"NewMembers": {"type": "object", "required": ["user_ids"], "properties": {"user_ids": {"type": "array", "minItems": 1,
  "maxItems": 10000, "items": {"$ref": "#/components/schemas/Id"}}}},
"Added": {"type": "object", "required": ["added"], "properties": {
  "added": {"type": "array", "items": {"$ref": "#/components/schemas/Id"}}}},
"RoleChange": {"type": "object", "required": ["role"], "properties": {"role": {"$ref": "#/components/schemas/Role"}}},
"MemberRole": {"type": "object", "required": ["user_id", "role"], "properties": {
  "user_id": {"$ref": "#/components/schemas/Id"}, "role": {"$ref": "#/components/schemas/Role"}}},
"NewMessage": {"type": "object", "required": ["conversation_id", "content", "client_msg_id"], "properties": {
  "conversation_id": {"$ref": "#/components/schemas/Id"}, "content": {"type": "string", "minLength": 1},
  "message_type": {"enum": ["text", "media"]}, "client_msg_id": {"type": "string", "minLength": 1, "maxLength": 128},
  "media_id": {"$ref": "#/components/schemas/Id"}, "reply_to_seq": {"$ref": "#/components/schemas/Seq"},
  "mentions": {"type": "array", "maxItems": 100, "items": {"$ref": "#/components/schemas/Id"}}}},
"Ack": {"type": "object",
  "required": ["client_msg_id", "conversation_id", "message_id", "seq", "rev", "server_timestamp", "status"],
  "properties": {"client_msg_id": {"type": "string"}, "conversation_id": {"$ref": "#/components/schemas/Id"},
  "message_id": {"$ref": "#/components/schemas/Id"}, "seq": {"$ref": "#/components/schemas/Seq"},
  "rev": {"$ref": "#/components/schemas/Seq"}, "server_timestamp": {"$ref": "#/components/schemas/Time"},
  "status": {"const": "sent"}, "duplicate": {"const": true}}},
"Message": {"type": "object", "required": ["conversation_id", "message_id", "seq", "rev", "sender_id", "created_at"],
  "properties": {"conversation_id": {"$ref": "#/components/schemas/Id"},
  "message_id": {"$ref": "#/components/schemas/Id"}, "seq": {"$ref": "#/components/schemas/Seq"},
  "rev": {"$ref": "#/components/schemas/Seq"}, "sender_id": {"$ref": "#/components/schemas/Id"},
  "client_msg_id": {"type": "string"}, "content": {"type": "string"}, "message_type": {"enum": ["text", "media"]},
  "media_id": {"$ref": "#/components/schemas/Id"}, "reply_to_seq": {"$ref": "#/components/schemas/Seq"},
  "mentions": {"type": "array", "items": {"$ref": "#/components/schemas/Id"}},
  "created_at": {"$ref": "#/components/schemas/Time"}, "edited_at": {"$ref": "#/components/schemas/Time"},
  "deleted": {"type": "boolean"}}},
"MessagePage": {"type": "object", "required": ["items", "has_more"], "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/Message"}}, "has_more": {"type": "boolean"}}},
"Connect": {"type": "object", "required": ["ws_url", "gateway", "expires_in"], "properties": {
  "ws_url": {"type": "string"}, "gateway": {"type": "string"},
  "expires_in": {"type": "integer", "description": "Seconds; ask again after that"}}},
"OpenApi": {"type": "object"}
})json";

}  // namespace

Json openapi_schemas() { return Json::parse(kSchemas); }

}  // namespace chat::rest
