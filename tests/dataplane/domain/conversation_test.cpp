#include "dataplane/domain/conversation.hpp"

#include <gtest/gtest.h>

#include "dataplane/domain/errors.hpp"

namespace chat::domain {
namespace {

TEST(Names, AreTheContractsAndReadBack) {
  for (auto type : {ConversationType::one_on_one, ConversationType::group})
    EXPECT_EQ(parse_conversation_type(name(type)), type);
  for (auto role : {Role::owner, Role::admin, Role::member}) EXPECT_EQ(parse_role(name(role)), role);
  for (auto type : {MessageType::text, MessageType::media}) EXPECT_EQ(parse_message_type(name(type)), type);
  for (auto kind : {ReceiptKind::delivered, ReceiptKind::read}) EXPECT_EQ(parse_receipt_kind(name(kind)), kind);
  EXPECT_EQ(name(ConversationType::one_on_one), "one_on_one");
  EXPECT_EQ(name(Role::admin), "admin");
  EXPECT_EQ(name(MessageType::media), "media");
  EXPECT_EQ(name(ReceiptKind::read), "read");
  for (const char* text : {"", "Owner", "owner ", "text\n", "2"}) {
    EXPECT_FALSE(parse_role(text)) << text;
    EXPECT_FALSE(parse_message_type(text)) << text;
    EXPECT_FALSE(parse_conversation_type(text)) << text;
    EXPECT_FALSE(parse_receipt_kind(text)) << text;
  }
}

// The database keeps them by number.
TEST(Names, HaveTheNumbersThatTheDatabaseKeeps) {
  EXPECT_EQ(static_cast<int>(Role::owner), 0);
  EXPECT_EQ(static_cast<int>(Role::member), 2);
  EXPECT_EQ(static_cast<int>(ConversationType::group), 1);
  EXPECT_EQ(static_cast<int>(MessageType::media), 1);
  EXPECT_EQ(static_cast<int>(ReceiptKind::read), 1);
}

TEST(Errors, AreNamedAsTheContractNamesThem) {
  const char* names[] = {"bad_request", "unauthorized", "forbidden", "not_found", "conflict",
                         "too_large",   "rate_limited", "blocked",   "moderated", "unavailable"};
  int code = 1;
  for (const char* expected : names) EXPECT_EQ(name(static_cast<Errc>(code++)), expected);
}

TEST(Errors, TellAClientNothingAboutOurInside) {
  const base::Error inner{std::make_error_code(std::errc::connection_refused), "10.0.0.7:5432 refused user chat"};
  const auto shown = for_client(inner);
  EXPECT_EQ(errc_for_client(inner), Errc::unavailable);
  EXPECT_EQ(shown.message.find("10.0.0.7"), std::string::npos);
  EXPECT_GT(shown.retry_after.count(), 0);
  const base::Error limited{Errc::rate_limited, "slow down", std::chrono::seconds(3)};
  EXPECT_EQ(for_client(limited).message, "slow down");
  EXPECT_EQ(for_client(limited).retry_after, std::chrono::seconds(3));
}

}  // namespace
}  // namespace chat::domain
