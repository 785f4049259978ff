#include "operator/kubernetes/client/api_error.hpp"

#include <gtest/gtest.h>

namespace chatop::kubernetes {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ApiError, NamesWhatHasToHappenNext) {
  EXPECT_EQ(error_of_answer(401, "", "").code, ApiErrc::unauthorized);
  EXPECT_EQ(error_of_answer(403, "", "").code, ApiErrc::forbidden);
  EXPECT_EQ(error_of_answer(404, "", "").code, ApiErrc::not_found);
  EXPECT_EQ(error_of_answer(409, "", "").code, ApiErrc::conflict);
  EXPECT_EQ(error_of_answer(410, "", "").code, ApiErrc::gone);
  EXPECT_EQ(error_of_answer(422, "", "").code, ApiErrc::invalid);
  EXPECT_EQ(error_of_answer(429, "", "").code, ApiErrc::throttled);
  EXPECT_EQ(error_of_answer(500, "", "").code, ApiErrc::server);
  EXPECT_EQ(error_of_answer(503, "", "").code, ApiErrc::server);
  EXPECT_EQ(error_of_answer(302, "", "").code, ApiErrc::malformed);
}

TEST(ApiError, AnExpiredListIsGoneWhateverItsStatus) {
  EXPECT_EQ(error_of_answer(400, R"({"reason":"Expired","message":"too old"})", "").code, ApiErrc::gone);
}

TEST(ApiError, CarriesTheServersSentence) {
  auto error = error_of_answer(422, R"({"kind":"Status","reason":"Invalid","message":"spec.shards: too many"})", "");
  EXPECT_EQ(error.message, "spec.shards: too many");
  EXPECT_EQ(error_of_answer(502, "<html>bad gateway", "").message, "the API server answered 502: <html>bad gateway");
}

TEST(ApiError, KnowsHowLongTheServerWantsToBeLeftAlone) {
  EXPECT_EQ(error_of_answer(429, "", "3").retry_after, seconds(3));
  EXPECT_EQ(error_of_answer(500, R"({"details":{"retryAfterSeconds":2}})", "").retry_after, seconds(2));
  EXPECT_EQ(error_of_answer(429, "", "99999").retry_after, seconds(60)) << "a bound of ours";
  EXPECT_EQ(error_of_answer(429, "", "tomorrow").retry_after, seconds(0));
}

TEST(ApiError, RepeatsOnlyWhatCanNotHappenTwice) {
  auto throttled = error_of_answer(429, "", "");
  auto server = error_of_answer(500, "", "");
  chat::base::Error unreachable{ApiErrc::unreachable, ""};
  EXPECT_TRUE(wait_before_retry(throttled, Repeat::unsafe, 0, 0));
  EXPECT_FALSE(wait_before_retry(server, Repeat::unsafe, 0, 0));
  EXPECT_FALSE(wait_before_retry(unreachable, Repeat::unsafe, 0, 0));
  EXPECT_TRUE(wait_before_retry(server, Repeat::safe, 0, 0));
  EXPECT_TRUE(wait_before_retry(unreachable, Repeat::safe, 0, 0));
  EXPECT_FALSE(wait_before_retry(error_of_answer(409, "", ""), Repeat::safe, 0, 0));
  EXPECT_FALSE(wait_before_retry(error_of_answer(422, "", ""), Repeat::safe, 0, 0));
}

TEST(ApiError, WaitsLongerEachTimeWithinBounds) {
  auto server = error_of_answer(500, "", "");
  EXPECT_EQ(wait_before_retry(server, Repeat::safe, 0, 0), milliseconds(250));
  EXPECT_EQ(wait_before_retry(server, Repeat::safe, 2, 0), milliseconds(1'000));
  EXPECT_EQ(wait_before_retry(server, Repeat::safe, 40, 0), milliseconds(5'000));
  server.retry_after = seconds(20);
  EXPECT_EQ(wait_before_retry(server, Repeat::safe, 0, 0), seconds(20)) << "never sooner than it asked for";
}

}  // namespace
}  // namespace chatop::kubernetes
