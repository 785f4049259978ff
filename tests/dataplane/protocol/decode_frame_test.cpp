#include <gtest/gtest.h>

#include <string>

#include "dataplane/protocol/frames.hpp"

namespace chat::protocol {
namespace {

using domain::Errc;

constexpr const char* kConversation = "01HZY3V8Q5J6K7M8N9P0QRSTVW";
constexpr const char* kUser = "01HZY3V8Q5J6K7M8N9P0QRSTVX";
constexpr std::int64_t kCharacters = 10;

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

// In the tables $C is a conversation, $U a user, and single quotes stand for double ones.
std::string written(const std::string& text) {
  return replaced(replaced(replaced(text, "'", "\""), "$C", kConversation), "$U", kUser);
}

std::string repeated(const std::string& piece, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += piece;
  return out;
}

struct Refused {
  const char* name;
  std::string frame;
  Errc code;
  std::string names;  // a part of the sentence: what was wrong
};

const std::string kSend = "{'type':'msg.send','conversation_id':'$C','client_msg_id':'a','content':'hi'";

const std::vector<Refused>& refused() {
  static const std::vector<Refused> table = {
      {"nothing", "", Errc::bad_request, "JSON"},
      {"only_a_space", " ", Errc::bad_request, "JSON"},
      {"not_json", "hello", Errc::bad_request, "JSON"},
      {"cut_short", "{'type':'ping'", Errc::bad_request, "JSON"},
      {"trailing_bytes", "{'type':'ping'} x", Errc::bad_request, "JSON"},
      {"two_documents", "{'type':'ping'}{'type':'ping'}", Errc::bad_request, "JSON"},
      {"a_raw_nul", std::string("{'type':'ping'}\0", 16), Errc::bad_request, "NUL"},
      {"a_nul_inside", std::string("{'type':'pi\0ng'}", 16), Errc::bad_request, "NUL"},
      {"a_list", "[1,2]", Errc::bad_request, "object"},
      {"a_number", "42", Errc::bad_request, "object"},
      {"a_string", "'ping'", Errc::bad_request, "object"},
      {"null", "null", Errc::bad_request, "object"},
      {"a_comment", "{'type':'ping'/**/}", Errc::bad_request, "JSON"},
      {"not_a_number", "{'type':'ping','x':NaN}", Errc::bad_request, "JSON"},
      {"too_deep_lists", "{'type':'ping','x':" + repeated("[", 50) + repeated("]", 50) + "}", Errc::bad_request,
       "deep"},
      {"too_deep_objects", "{'type':'ping','x':" + repeated("{'y':", 50) + "1" + repeated("}", 50) + "}",
       Errc::bad_request, "deep"},
      {"a_hundred_thousand_open_brackets", repeated("[", 100'000), Errc::bad_request, "deep"},
      {"the_same_key_twice", "{'type':'ping','type':'msg.send'}", Errc::bad_request, "twice"},
      {"invalid_utf8", "{'type':'\xff\xfe'}", Errc::bad_request, "JSON"},
      {"overlong_utf8", "{'type':'\xc0\xaf'}", Errc::bad_request, "JSON"},
      {"a_raw_surrogate", "{'type':'\xed\xa0\x80'}", Errc::bad_request, "JSON"},
      {"a_lone_high_surrogate", kSend + ",'x':'\\ud800'}", Errc::bad_request, "JSON"},
      {"a_lone_low_surrogate", kSend + ",'x':'\\udc00 '}", Errc::bad_request, "JSON"},
      {"surrogates_the_wrong_way_round", kSend + ",'x':'\\udc00\\ud800'}", Errc::bad_request, "JSON"},
      {"a_raw_control_character", "{'type':'pi\ng'}", Errc::bad_request, "JSON"},
      {"no_type", "{}", Errc::bad_request, "type"},
      {"type_null", "{'type':null}", Errc::bad_request, "type"},
      {"type_a_number", "{'type':1}", Errc::bad_request, "type"},
      {"type_unknown", "{'type':'msg.shout'}", Errc::bad_request, "type"},
      {"type_of_the_server", "{'type':'ready'}", Errc::bad_request, "type"},
      {"type_in_capitals", "{'type':'PING'}", Errc::bad_request, "type"},
      {"id_an_object", "{'type':'ping','id':{}}", Errc::bad_request, "id"},
      {"id_a_list", "{'type':'ping','id':[]}", Errc::bad_request, "id"},
      {"id_without_end", "{'type':'ping','id':'" + repeated("x", 2000) + "'}", Errc::bad_request, "id"},
      {"send_without_conversation", "{'type':'msg.send','client_msg_id':'a','content':'hi'}", Errc::bad_request,
       "conversation_id"},
      {"send_with_a_short_conversation", replaced(kSend, "$C", "01HZ") + "}", Errc::bad_request, "conversation_id"},
      {"send_with_a_long_conversation", replaced(kSend, "$C", "$C0") + "}", Errc::bad_request, "conversation_id"},
      {"send_with_an_overflowing_conversation", replaced(kSend, "$C", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ") + "}",
       Errc::bad_request, "conversation_id"},
      {"send_with_letters_ulids_do_not_have", replaced(kSend, "$C", "01HZY3V8Q5J6K7M8N9P0QRSTUI") + "}",
       Errc::bad_request, "conversation_id"},
      {"send_with_a_number_as_conversation", replaced(kSend, "'$C'", "7") + "}", Errc::bad_request, "conversation_id"},
      {"send_without_client_msg_id", "{'type':'msg.send','conversation_id':'$C','content':'hi'}", Errc::bad_request,
       "client_msg_id"},
      {"send_with_an_empty_client_msg_id", replaced(kSend, "'a'", "''") + "}", Errc::bad_request, "client_msg_id"},
      {"send_with_129_characters_of_client_msg_id", replaced(kSend, "'a'", "'" + repeated("ä", 129) + "'") + "}",
       Errc::bad_request, "client_msg_id"},
      {"send_with_nul_in_client_msg_id", replaced(kSend, "'a'", "'a\\u0000'") + "}", Errc::bad_request,
       "client_msg_id"},
      {"send_with_a_number_as_client_msg_id", replaced(kSend, "'a'", "1") + "}", Errc::bad_request, "client_msg_id"},
      {"send_without_content", "{'type':'msg.send','conversation_id':'$C','client_msg_id':'a'}", Errc::bad_request,
       "content"},
      {"send_with_empty_content", replaced(kSend, "'hi'", "''") + "}", Errc::bad_request, "content"},
      {"send_with_null_content", replaced(kSend, "'hi'", "null") + "}", Errc::bad_request, "content"},
      {"send_with_an_object_as_content", replaced(kSend, "'hi'", "{}") + "}", Errc::bad_request, "content"},
      {"send_with_nul_in_content", replaced(kSend, "'hi'", "'h\\u0000i'") + "}", Errc::bad_request, "content"},
      {"send_with_one_character_too_many", replaced(kSend, "hi", repeated("x", 11)) + "}", Errc::too_large, "content"},
      {"send_with_one_emoji_too_many", replaced(kSend, "hi", repeated("😀", 11)) + "}", Errc::too_large, "content"},
      {"send_with_one_escaped_emoji_too_many", replaced(kSend, "hi", repeated("\\ud83d\\ude00", 11)) + "}",
       Errc::too_large, "content"},
      {"send_of_an_unknown_message_type", kSend + ",'message_type':'video'}", Errc::bad_request, "message_type"},
      {"send_with_a_number_as_message_type", kSend + ",'message_type':0}", Errc::bad_request, "message_type"},
      {"send_of_media_without_media_id", kSend + ",'message_type':'media'}", Errc::bad_request, "media_id"},
      {"send_with_a_bad_media_id", kSend + ",'media_id':'x'}", Errc::bad_request, "media_id"},
      {"send_replying_to_0", kSend + ",'reply_to_seq':0}", Errc::bad_request, "reply_to_seq"},
      {"send_replying_to_minus_1", kSend + ",'reply_to_seq':-1}", Errc::bad_request, "reply_to_seq"},
      {"send_replying_to_a_half", kSend + ",'reply_to_seq':1.5}", Errc::bad_request, "reply_to_seq"},
      {"send_replying_to_1_point_0", kSend + ",'reply_to_seq':1.0}", Errc::bad_request, "reply_to_seq"},
      {"send_replying_to_2_to_the_63", kSend + ",'reply_to_seq':9223372036854775808}", Errc::bad_request,
       "reply_to_seq"},
      {"send_replying_to_1e400", kSend + ",'reply_to_seq':1e400}", Errc::bad_request, ""},
      {"send_replying_to_a_string", kSend + ",'reply_to_seq':'1'}", Errc::bad_request, "reply_to_seq"},
      {"send_mentioning_an_object", kSend + ",'mentions':{}}", Errc::bad_request, "mentions"},
      {"send_mentioning_a_number", kSend + ",'mentions':[1]}", Errc::bad_request, "mentions"},
      {"send_mentioning_a_name", kSend + ",'mentions':['bob']}", Errc::bad_request, "mentions"},
      {"send_mentioning_101", kSend + ",'mentions':['$U'" + repeated(",'$U'", 100) + "]}", Errc::bad_request,
       "mentions"},
      {"receipt_without_conversation", "{'type':'receipt','seq':1,'status':'read'}", Errc::bad_request,
       "conversation_id"},
      {"receipt_without_seq", "{'type':'receipt','conversation_id':'$C','status':'read'}", Errc::bad_request, "seq"},
      {"receipt_of_a_negative_seq", "{'type':'receipt','conversation_id':'$C','seq':-1,'status':'read'}",
       Errc::bad_request, "seq"},
      {"receipt_of_a_huge_seq", "{'type':'receipt','conversation_id':'$C','seq':18446744073709551616,'status':'read'}",
       Errc::bad_request, "seq"},
      {"receipt_of_2_to_the_63", "{'type':'receipt','conversation_id':'$C','seq':9223372036854775808,'status':'read'}",
       Errc::bad_request, "seq"},
      {"receipt_without_status", "{'type':'receipt','conversation_id':'$C','seq':1}", Errc::bad_request, "status"},
      {"receipt_sent", "{'type':'receipt','conversation_id':'$C','seq':1,'status':'sent'}", Errc::bad_request,
       "status"},
      {"receipt_with_a_bad_rev", "{'type':'receipt','conversation_id':'$C','seq':1,'status':'delivered','rev':-2}",
       Errc::bad_request, "rev"},
      {"sync_without_conversations", "{'type':'sync'}", Errc::bad_request, "conversations"},
      {"sync_of_a_list", "{'type':'sync','conversations':['$C']}", Errc::bad_request, "conversations"},
      {"sync_of_a_bad_id", "{'type':'sync','conversations':{'x':1}}", Errc::bad_request, "conversations"},
      {"sync_from_a_string", "{'type':'sync','conversations':{'$C':'1'}}", Errc::bad_request, "conversations"},
      {"sync_from_minus_1", "{'type':'sync','conversations':{'$C':-1}}", Errc::bad_request, "conversations"},
      {"sync_from_2_to_the_63", "{'type':'sync','conversations':{'$C':9223372036854775808}}", Errc::bad_request,
       "conversations"},
      {"auth_without_token", "{'type':'auth'}", Errc::bad_request, "token"},
      {"auth_with_an_empty_token", "{'type':'auth','token':''}", Errc::bad_request, "token"},
      {"auth_with_a_number_as_token", "{'type':'auth','token':5}", Errc::bad_request, "token"},
      {"auth_with_a_long_device_id", "{'type':'auth','token':'t','device_id':'" + repeated("d", 65) + "'}",
       Errc::bad_request, "device_id"},
  };
  return table;
}

class RefusedFrame : public ::testing::TestWithParam<Refused> {};

TEST_P(RefusedFrame, IsRefusedWithASentenceThatNamesWhatIsWrong) {
  const auto decoded = decode_frame(written(GetParam().frame), kCharacters);
  ASSERT_FALSE(decoded.frame.has_value());
  EXPECT_EQ(decoded.frame.error().code, GetParam().code) << decoded.frame.error().message;
  EXPECT_NE(decoded.frame.error().message.find(GetParam().names), std::string::npos) << decoded.frame.error().message;
}

INSTANTIATE_TEST_SUITE_P(Table, RefusedFrame, ::testing::ValuesIn(refused()),
                         [](const auto& row) { return std::string(row.param.name); });

template <class Frame>
Frame accepted(const std::string& frame, std::int64_t characters = kCharacters) {
  auto decoded = decode_frame(written(frame), characters);
  EXPECT_TRUE(decoded.frame.has_value()) << (decoded.frame ? "" : decoded.frame.error().message);
  return std::get<Frame>(*decoded.frame);
}

TEST(DecodeFrame, TakesASendWithEverything) {
  auto send = accepted<SendFrame>(kSend +
                                  ",'message_type':'media','media_id':'$U','reply_to_seq':9223372036854775807,"
                                  "'mentions':['$U','$C','$U'],'something_newer':{'deep':[1]}}");
  EXPECT_EQ(send.draft.conversation_id.text(), kConversation);
  EXPECT_EQ(send.draft.client_msg_id, "a");
  EXPECT_EQ(send.draft.content, "hi");
  EXPECT_EQ(send.draft.type, domain::MessageType::media);
  EXPECT_EQ(send.draft.media_id->text(), kUser);
  EXPECT_EQ(send.draft.reply_to_seq, INT64_MAX);
  EXPECT_EQ(send.draft.mentions.size(), 2u);  // each once
  EXPECT_TRUE(send.draft.sender_id.is_zero());
}

TEST(DecodeFrame, CountsCodePointsAndNotBytes) {
  auto send = accepted<SendFrame>(replaced(kSend, "hi", repeated("😀", 10)) + "}");
  EXPECT_EQ(send.draft.content, repeated("😀", 10));
  EXPECT_EQ(accepted<SendFrame>(replaced(kSend, "hi", repeated("\\ud83d\\ude00", 10)) + "}").draft.content,
            repeated("😀", 10));
}

TEST(DecodeFrame, ALimitOf0IsNoLimit) {
  EXPECT_EQ(accepted<SendFrame>(replaced(kSend, "hi", repeated("x", 200'000)) + "}", 0).draft.content.size(), 200'000u);
}

TEST(DecodeFrame, TakesIdsInLowerCaseAndNullForWhatIsOptional) {
  auto send = accepted<SendFrame>(replaced(kSend, "$C", "01hzy3v8q5j6k7m8n9p0qrstvw") +
                                  ",'message_type':null,'media_id':null,'reply_to_seq':null,'mentions':null}");
  EXPECT_EQ(send.draft.conversation_id.text(), kConversation);
  EXPECT_FALSE(send.draft.media_id || send.draft.reply_to_seq);
}

TEST(DecodeFrame, KeepsControlCharactersOtherThanNul) {
  EXPECT_EQ(accepted<SendFrame>(replaced(kSend, "hi", "\\u0001\\n\\u007f") + "}").draft.content, "\x01\n\x7f");
}

TEST(DecodeFrame, TakesReceipts) {
  auto receipt =
      accepted<ReceiptFrame>("{'type':'receipt','conversation_id':'$C','seq':5,'status':'delivered','rev':7}");
  EXPECT_EQ(receipt.seq, 5);
  EXPECT_EQ(receipt.rev, 7);
  EXPECT_EQ(receipt.kind, domain::ReceiptKind::delivered);
  EXPECT_EQ(accepted<ReceiptFrame>("{'type':'receipt','conversation_id':'$C','seq':0,'status':'read'}").kind,
            domain::ReceiptKind::read);
}

TEST(DecodeFrame, TakesSyncOfSomeAndOfAll) {
  auto sync = accepted<SyncFrame>("{'type':'sync','conversations':{'$C':0,'$U':9223372036854775807}}");
  EXPECT_EQ(sync.conversations.size(), 2u);
  EXPECT_EQ(sync.conversations.at(*Ulid::parse(kUser)), INT64_MAX);
  EXPECT_TRUE(accepted<SyncFrame>("{'type':'sync','conversations':{}}").conversations.empty());
}

TEST(DecodeFrame, TakesAuthAndPing) {
  auto auth = accepted<AuthFrame>("{'type':'auth','token':'abc','device_id':'d'}");
  EXPECT_EQ(auth.token, "abc");
  EXPECT_EQ(auth.device_id, "d");
  accepted<PingFrame>("{'type':'ping'}");
}

TEST(DecodeFrame, RepeatsTheIdAsItWasWritten) {
  const std::pair<const char*, const char*> table[] = {
      {"{'id':'x','type':'ping'}", "'x'"},
      {"{'type':'ping','id':7}", "7"},
      {"{'type':'ping','id':1.50}", "1.50"},
      {"{'type':'ping','id' : 12345678901234567890123 }", "12345678901234567890123"},
      {"{'x':['id',{'id':1}],'type':'ping','y':'id','id':1e2}", "1e2"},
      {"{'type':'ping','id':true}", "true"},
      {"{'type':'ping','id':null}", "null"},
      {"{'type':'ping','id':'quote \\' and tab \\t'}", "'quote \\' and tab \\t'"},
  };
  for (const auto& [frame, id] : table) {
    auto decoded = decode_frame(written(frame), kCharacters);
    EXPECT_TRUE(decoded.frame.has_value()) << frame;
    EXPECT_EQ(decoded.id, written(id)) << frame;
  }
  EXPECT_FALSE(decode_frame(written("{'type':'ping'}"), kCharacters).id.has_value());
}

TEST(DecodeFrame, KeepsTheIdOfAFrameThatIsRefused) {
  EXPECT_EQ(decode_frame(written("{'type':'nonsense','id':3}"), kCharacters).id, "3");
  EXPECT_EQ(decode_frame(written("{'id':'k','type':'msg.send'}"), kCharacters).id, "\"k\"");
}

}  // namespace
}  // namespace chat::protocol
