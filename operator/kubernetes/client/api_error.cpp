#include "operator/kubernetes/client/api_error.hpp"

#include <algorithm>
#include <charconv>

#include "dataplane/base/backoff.hpp"
#include "dataplane/base/json.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::Json;

constexpr std::size_t kLongestSentence = 2'048;
constexpr std::chrono::milliseconds kFirstWait{500};
constexpr std::chrono::milliseconds kLongestWait{10'000};
constexpr std::chrono::seconds kLongestServerWait{60};

class ApiCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "kubernetes"; }
  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<ApiErrc>(code)) {
      case ApiErrc::unreachable:
        return "the API server does not answer";
      case ApiErrc::unauthorized:
        return "the API server does not know us";
      case ApiErrc::forbidden:
        return "not allowed";
      case ApiErrc::not_found:
        return "not found";
      case ApiErrc::conflict:
        return "changed by somebody else";
      case ApiErrc::gone:
        return "too old to go on from";
      case ApiErrc::invalid:
        return "refused as invalid";
      case ApiErrc::throttled:
        return "too many requests";
      case ApiErrc::server:
        return "an error of the API server";
      case ApiErrc::malformed:
        return "an answer that can not be read";
      case ApiErrc::fenced:
        return "this process may not write any more";
    }
    return "unknown";
  }
};

ApiErrc code_of(int status, const std::string& reason) {
  if (reason == "Expired" || reason == "Gone") return ApiErrc::gone;
  switch (status) {
    case 401:
      return ApiErrc::unauthorized;
    case 403:
      return ApiErrc::forbidden;
    case 404:
      return ApiErrc::not_found;
    case 409:
      return ApiErrc::conflict;
    case 410:
      return ApiErrc::gone;
    case 429:
      return ApiErrc::throttled;
    default:
      break;
  }
  if (status >= 400 && status < 500) return ApiErrc::invalid;
  return status >= 500 ? ApiErrc::server
                       : ApiErrc::malformed;  // a redirect is not followed: it would take the token along
}

std::chrono::seconds whole_seconds(std::string_view text) {
  int seconds = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (problem != std::errc{} || end != text.data() + text.size() || seconds < 0) return {};
  return std::min(std::chrono::seconds(seconds), kLongestServerWait);
}

}  // namespace

std::error_code make_error_code(ApiErrc code) {
  static const ApiCategory category;
  return {static_cast<int>(code), category};
}

chat::base::Error error_of_answer(int status, std::string_view body, std::string_view retry_after) {
  std::string reason;
  std::string sentence;
  auto wait = whole_seconds(retry_after);
  if (auto answer = chat::base::parse_json(body, 64); answer && answer->is_object()) {
    reason = answer->value("reason", Json()).is_string() ? answer->at("reason").get<std::string>() : "";
    sentence = answer->value("message", Json()).is_string() ? answer->at("message").get<std::string>() : "";
    if (auto details = answer->value("details", Json()); wait.count() == 0 && details.is_object()) {
      if (auto seconds = chat::base::whole_number(details.value("retryAfterSeconds", Json())))
        wait = std::min(std::chrono::seconds(*seconds), kLongestServerWait);
    }
  }
  auto code = code_of(status, reason);
  if (sentence.empty()) {
    sentence = "the API server answered " + std::to_string(status);
    if (!body.empty()) sentence += ": " + std::string(body.substr(0, 200));
  }
  if (sentence.size() > kLongestSentence) sentence.resize(kLongestSentence);
  return {code, std::move(sentence), wait};
}

std::optional<std::chrono::milliseconds> wait_before_retry(const chat::base::Error& error, Repeat repeat,
                                                           unsigned attempt, double jitter) {
  bool refused_untouched = error.code == ApiErrc::throttled;
  bool may_have_happened = error.code == ApiErrc::server || error.code == ApiErrc::unreachable;
  if (!refused_untouched && !(may_have_happened && repeat == Repeat::safe)) return std::nullopt;
  return std::max(chat::base::backoff(attempt, jitter, kFirstWait, kLongestWait), error.retry_after);
}

}  // namespace chatop::kubernetes
