#include "dataplane/protocol/frames.hpp"

#include <gtest/gtest.h>

#include "dataplane/protocol/json_writer.hpp"

namespace chat::protocol {
namespace {

using base::Json;

Ulid id(std::uint8_t last) {
  Ulid value;
  value.bytes[15] = last;
  return value;
}

domain::Message message() {
  domain::Message message;
  message.conversation_id = id(1);
  message.message_id = id(2);
  message.seq = 3;
  message.rev = 4;
  message.sender_id = id(5);
  message.client_msg_id = "c-1";
  message.content = "hello";
  message.created_at = 1'767'225'600'123;
  return message;
}

TEST(MessageFrame, HasTheContractsFields) {
  EXPECT_EQ(
      message_frame(message()),
      R"({"type":"message","conversation_id":"00000000000000000000000001","message_id":"00000000000000000000000002",)"
      R"("seq":3,"rev":4,"sender_id":"00000000000000000000000005","client_msg_id":"c-1","content":"hello",)"
      R"("message_type":"text","created_at":"2026-01-01T00:00:00.123Z"})");
}

TEST(MessageFrame, HasWhatIsOptionalWhereItIsThere) {
  auto full = message();
  full.type = domain::MessageType::media;
  full.media_id = id(6);
  full.reply_to_seq = 1;
  full.mentions = {id(7), id(8)};
  full.edited_at = full.created_at + 1;
  auto frame = Json::parse(message_updated_frame(full));
  EXPECT_EQ(frame["type"], "message.updated");
  EXPECT_EQ(frame["message_type"], "media");
  EXPECT_EQ(frame["media_id"], id(6).text());
  EXPECT_EQ(frame["reply_to_seq"], 1);
  EXPECT_EQ(frame["mentions"], Json({id(7).text(), id(8).text()}));
  EXPECT_EQ(frame["edited_at"], "2026-01-01T00:00:00.124Z");
  frame.erase("type");
  EXPECT_EQ(frame, to_json(full));
}

TEST(MessageFrame, KeepsOnlyThePlaceOfWhatMayNotBeSeen) {
  domain::Message hidden;
  hidden.conversation_id = id(1);
  hidden.seq = 9;
  hidden.rev = 10;
  hidden.deleted = true;
  EXPECT_EQ(to_json(hidden), Json({{"conversation_id", id(1).text()}, {"seq", 9}, {"rev", 10}, {"deleted", true}}));
}

TEST(MessageFrame, ReturnsEveryTextByteForByte) {
  std::string all;
  for (int c = 1; c < 128; ++c) all += static_cast<char>(c);
  const std::string texts[] = {all, "\"\\/", "ünïcödé 😀 \xe2\x80\xa8", "</script>", std::string(5000, '\n')};
  for (const auto& text : texts) {
    auto sent = message();
    sent.content = text;
    sent.client_msg_id = text;
    auto frame = Json::parse(message_frame(sent));
    EXPECT_EQ(frame["content"], text);
    EXPECT_EQ(frame["client_msg_id"], text);
  }
}

TEST(AckFrame, HasTheContractsFieldsAndTheId) {
  domain::Ack ack{"c-1", id(1), id(2), 3, 4, 1'767'225'600'123, false};
  EXPECT_EQ(ack_frame(ack, "17"),
            R"({"type":"ack","id":17,"client_msg_id":"c-1","conversation_id":"00000000000000000000000001",)"
            R"("message_id":"00000000000000000000000002","seq":3,"rev":4,)"
            R"("server_timestamp":"2026-01-01T00:00:00.123Z","status":"sent"})");
  ack.duplicate = true;
  auto frame = Json::parse(ack_frame(ack, std::nullopt));
  EXPECT_EQ(frame["duplicate"], true);
  EXPECT_FALSE(frame.contains("id"));
  frame.erase("type");
  EXPECT_EQ(frame, to_json(ack));
}

TEST(Frames, AreWhatTheContractSays) {
  EXPECT_EQ(pong_frame("\"p\""), R"({"type":"pong","id":"p"})");
  auto ready = Json::parse(ready_frame(id(1), "phone \"1\"", "gateway-0", 30, 1'767'225'600'000, std::nullopt));
  EXPECT_EQ(ready, Json({{"type", "ready"},
                         {"user_id", id(1).text()},
                         {"device_id", "phone \"1\""},
                         {"gateway", "gateway-0"},
                         {"heartbeat_seconds", 30},
                         {"server_time", "2026-01-01T00:00:00.000Z"}}));
  domain::Receipt receipt;
  receipt.conversation_id = id(1);
  receipt.user_id = id(2);
  receipt.device_id = "not told";
  receipt.seq = 8;
  receipt.kind = domain::ReceiptKind::read;
  receipt.at = 1'767'225'600'000;
  EXPECT_EQ(Json::parse(receipt_frame(receipt)), Json({{"type", "receipt"},
                                                       {"conversation_id", id(1).text()},
                                                       {"user_id", id(2).text()},
                                                       {"seq", 8},
                                                       {"status", "read"},
                                                       {"at", "2026-01-01T00:00:00.000Z"}}));
  EXPECT_EQ(Json::parse(sync_done_frame({{id(1), 5}, {id(2), 0}}, "1")),
            Json({{"type", "sync.done"}, {"id", 1}, {"conversations", {{id(1).text(), 5}, {id(2).text(), 0}}}}));
  EXPECT_EQ(sync_done_frame({}, std::nullopt), R"({"type":"sync.done","conversations":{}})");
  EXPECT_EQ(maintenance_frame(std::chrono::milliseconds(1500), ""),
            R"({"type":"server_maintenance","retry_after_ms":1500})");
  EXPECT_EQ(Json::parse(maintenance_frame(std::chrono::milliseconds(1), "wss://x/v1/ws"))["reconnect_url"],
            "wss://x/v1/ws");
  EXPECT_EQ(Json::parse(conversation_frame(id(1), "renamed", {{"name", "n"}})),
            Json({{"type", "conversation"}, {"conversation_id", id(1).text()}, {"change", "renamed"}, {"name", "n"}}));
}

TEST(ErrorFrame, SaysHowLongToWait) {
  base::Error limited{make_error_code(domain::Errc::rate_limited), "slower", std::chrono::milliseconds(1200)};
  EXPECT_EQ(
      Json::parse(error_frame(limited, "5")),
      Json({{"type", "error"}, {"id", 5}, {"code", "rate_limited"}, {"message", "slower"}, {"retry_after_ms", 1200}}));
  base::Error bad{make_error_code(domain::Errc::bad_request), "no", {}};
  EXPECT_FALSE(Json::parse(error_frame(bad, std::nullopt)).contains("retry_after_ms"));
}

TEST(ErrorFrame, DoesNotTellWhatWentWrongInside) {
  base::Error inside{std::make_error_code(std::errc::connection_refused), "password=secret", {}};
  const auto frame = error_frame(inside, std::nullopt);
  EXPECT_EQ(Json::parse(frame)["code"], "unavailable");
  EXPECT_EQ(frame.find("secret"), std::string::npos);
}

TEST(ErrorFrame, IsValidUtf8WhateverItQuotes) {
  base::Error cut{make_error_code(domain::Errc::bad_request), "the key \"\xc3", {}};
  EXPECT_TRUE(Json::accept(error_frame(cut, std::nullopt)));
}

}  // namespace
}  // namespace chat::protocol
