#include "dataplane/gateway/upgrade.hpp"

#include <gtest/gtest.h>

namespace chat::gateway {
namespace {

using io::http::field;

io::http::Request request() {
  io::http::Request request(io::http::verb::get, "/v1/ws?x=1", 11);
  request.set(field::host, "chat.example.org:7001");
  request.set(field::sec_websocket_version, "13");
  request.set(field::sec_websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
  return request;
}

struct OriginCase {
  const char* name;
  const char* origin;
  std::vector<std::string> allowed;
  bool good;
};
class Origins : public ::testing::TestWithParam<OriginCase> {};

TEST_P(Origins, AreCheckedWhereThereIsAList) {
  auto one = request();
  if (GetParam().origin[0] != '\0') one.set(field::origin, GetParam().origin);
  auto upgrade = check_upgrade(one, GetParam().allowed);
  EXPECT_EQ(upgrade.has_value(), GetParam().good);
  EXPECT_EQ(upgrade ? 0U : upgrade.error().result_int(), GetParam().good ? 0U : 403U);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Origins,
    ::testing::Values(OriginCase{"None", "", {"https://a.example"}, true},
                      OriginCase{"NoList", "https://evil.example", {}, true},
                      OriginCase{"Listed", "https://a.example", {"https://b.example", "https://a.example"}, true},
                      OriginCase{"NotListed", "https://evil.example", {"https://a.example"}, false},
                      OriginCase{"OtherScheme", "http://a.example", {"https://a.example"}, false},
                      OriginCase{"OtherPort", "https://a.example:8443", {"https://a.example"}, false},
                      OriginCase{"SameHost", "https://chat.example.org", {"https://a.example"}, true},
                      OriginCase{"SameHostAnyPortAnyCase", "http://CHAT.example.org:80", {"https://a.example"}, true},
                      OriginCase{"HostAsPrefix", "https://chat.example.org.evil", {"https://a.example"}, false},
                      OriginCase{"Opaque", "null", {"https://a.example"}, false}),
    [](const auto& test) { return test.param.name; });

struct TokenCase {
  const char* name;
  const char* header;
  bool has_credentials;
  std::optional<std::string> token;
};
class Tokens : public ::testing::TestWithParam<TokenCase> {};

TEST_P(Tokens, AreReadFromTheAuthorizationHeader) {
  auto one = request();
  if (GetParam().header != nullptr) one.set(field::authorization, GetParam().header);
  auto upgrade = check_upgrade(one, {});
  ASSERT_TRUE(upgrade);
  EXPECT_EQ(upgrade->has_credentials, GetParam().has_credentials);
  EXPECT_EQ(upgrade->token, GetParam().token);
}

INSTANTIATE_TEST_SUITE_P(Table, Tokens,
                         ::testing::Values(TokenCase{"None", nullptr, false, std::nullopt},
                                           TokenCase{"Bearer", "Bearer abc", true, "abc"},
                                           TokenCase{"AnyCase", "bEARER abc", true, "abc"},
                                           TokenCase{"Empty", "Bearer ", true, std::nullopt},
                                           TokenCase{"OtherScheme", "Basic abc", true, std::nullopt},
                                           TokenCase{"NoScheme", "abc", true, std::nullopt}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace chat::gateway
