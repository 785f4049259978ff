#include "dataplane/protocol/convert.hpp"

#include <gtest/gtest.h>

#include "dataplane/domain/errors.hpp"

namespace chat::protocol {
namespace {

base::Ulid id(std::uint8_t last) {
  base::Ulid value;
  value.bytes[0] = 255;
  value.bytes[15] = last;
  return value;
}

TEST(Convert, AnIdIsExactly16Bytes) {
  EXPECT_EQ(id_of(id_bytes(id(7))), id(7));
  EXPECT_FALSE(id_of(""));
  EXPECT_FALSE(id_of(std::string(15, 'x')));
  EXPECT_FALSE(id_of(std::string(17, 'x')));
}

TEST(Convert, AMessageComesBackAsItWas) {
  domain::Message full;
  full.conversation_id = id(1);
  full.message_id = id(2);
  full.seq = INT64_MAX;
  full.rev = 12;
  full.sender_id = id(3);
  full.client_msg_id = "c";
  full.content = "tëxt 😀";
  full.type = domain::MessageType::media;
  full.media_id = id(4);
  full.reply_to_seq = 5;
  full.mentions = {id(5), id(6)};
  full.created_at = 1000;
  full.edited_at = 2000;
  full.deleted = true;
  pb::Message wire;
  to_pb(full, wire);
  auto back = from_pb(wire);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->message_id, full.message_id);
  EXPECT_EQ(back->seq, full.seq);
  EXPECT_EQ(back->rev, full.rev);
  EXPECT_EQ(back->sender_id, full.sender_id);
  EXPECT_EQ(back->client_msg_id, full.client_msg_id);
  EXPECT_EQ(back->content, full.content);
  EXPECT_EQ(back->type, full.type);
  EXPECT_EQ(back->media_id, full.media_id);
  EXPECT_EQ(back->reply_to_seq, full.reply_to_seq);
  EXPECT_EQ(back->mentions, full.mentions);
  EXPECT_EQ(back->created_at, full.created_at);
  EXPECT_EQ(back->edited_at, full.edited_at);
  EXPECT_TRUE(back->deleted);
}

TEST(Convert, WhatIsOptionalStaysAbsent) {
  domain::Message plain;
  pb::Message wire;
  to_pb(plain, wire);
  auto back = from_pb(wire);
  ASSERT_TRUE(back);
  EXPECT_FALSE(back->media_id || back->reply_to_seq || back->edited_at || back->deleted);
  EXPECT_TRUE(back->mentions.empty());
}

TEST(Convert, ADraftComesBackAsItWas) {
  domain::Draft draft{id(1), id(2), "c", "hi", domain::MessageType::media, id(3), 9, {id(4)}};
  pb::SendRequest wire;
  to_pb(draft, wire);
  auto back = from_pb(wire);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->conversation_id, draft.conversation_id);
  EXPECT_EQ(back->sender_id, draft.sender_id);
  EXPECT_EQ(back->client_msg_id, "c");
  EXPECT_EQ(back->content, "hi");
  EXPECT_EQ(back->type, draft.type);
  EXPECT_EQ(back->media_id, draft.media_id);
  EXPECT_EQ(back->reply_to_seq, draft.reply_to_seq);
  EXPECT_EQ(back->mentions, draft.mentions);
}

TEST(Convert, RefusesIdsOfAnotherLengthAndUnknownTypes) {
  pb::SendRequest good;
  to_pb(domain::Draft{}, good);
  auto bad = good;
  bad.set_sender_id("short");
  EXPECT_EQ(from_pb(bad).error().code, domain::Errc::bad_request);
  bad = good;
  bad.set_media_id("short");
  EXPECT_FALSE(from_pb(bad));
  bad = good;
  bad.add_mentions("short");
  EXPECT_FALSE(from_pb(bad));
  bad = good;
  bad.set_type("video");
  EXPECT_FALSE(from_pb(bad));
  pb::Head head;
  EXPECT_FALSE(from_pb(head));
}

TEST(Convert, AHeadComesBackAsItWas) {
  domain::Head head{id(1), 2, 3, 4, 5};
  pb::Head wire;
  to_pb(head, wire);
  auto back = from_pb(wire);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->conversation_id, head.conversation_id);
  EXPECT_EQ(back->seq, 2);
  EXPECT_EQ(back->rev, 3);
  EXPECT_EQ(back->members_rev, 4);
  EXPECT_EQ(back->member_count, 5);
}

TEST(Convert, ErrorsKeepTheirCodeAndInnerOnesAreHidden) {
  for (int i = 1; i <= 10; ++i) {
    base::Error error{make_error_code(static_cast<domain::Errc>(i)), "why", std::chrono::milliseconds(7)};
    pb::Error wire;
    to_pb(error, wire);
    auto back = from_pb(wire);
    EXPECT_EQ(back.code, error.code);
    EXPECT_EQ(back.message, "why");
    EXPECT_EQ(back.retry_after.count(), 7);
  }
  pb::Error wire;
  to_pb(base::Error{std::make_error_code(std::errc::io_error), "disk", {}}, wire);
  EXPECT_EQ(wire.code(), "unavailable");
  EXPECT_EQ(wire.message().find("disk"), std::string::npos);
  wire.set_code("from_the_future");
  EXPECT_EQ(from_pb(wire).code, domain::Errc::unavailable);
}

}  // namespace
}  // namespace chat::protocol
