#include "operator/kubernetes/client/client.hpp"

#include <algorithm>

#include "operator/kubernetes/client/fields.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::fail;
using chat::base::Json;
using chat::base::Result;
using chat::base::Status;
using chat::base::Task;

// Managed fields nest as deep as the objects that they describe.
constexpr int kDepth = 128;
constexpr std::size_t kLogUnread = 1024UL * 1024;
constexpr std::chrono::seconds kTurnComes{60};
constexpr int kPastTheEnd = 30;  // seconds after which a watch that should have ended is given up

Result<Json> parse(const std::string& body) {
  auto parsed = chat::base::parse_json(body, kDepth);
  if (!parsed) return fail(ApiErrc::malformed, "the API server's answer: " + parsed.error().message);
  if (!parsed->is_object()) return fail(ApiErrc::malformed, "the API server's answer is no object");
  return parsed;
}

Request request_of(std::string method, std::string target, std::string content_type = {}, std::string body = {}) {
  Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.content_type = std::move(content_type);
  request.body = std::move(body);
  return request;
}

}  // namespace

Client::Client(Http& http, const chat::base::Clock& clock, boost::asio::any_io_executor executor, Options options)
    : http_(http),
      clock_(clock),
      executor_(std::move(executor)),
      options_(std::move(options)),
      random_(std::random_device()()),
      writes_(executor_, options_.writes_at_once) {}

Task<Result<std::string>> Client::call(Request request, Effect effect, Repeat repeat) {
  request.deadline = clock_.steady() + options_.deadline;
  boost::asio::steady_timer timer(executor_);
  bool token_read_again = false;
  for (unsigned attempt = 0;;) {
    if (effect == Effect::write && options_.writes_until) {
      request.deadline = std::min(request.deadline, options_.writes_until());
      if (request.deadline <= clock_.steady())
        co_return fail(ApiErrc::fenced, "not written: this operator does not lead, or not for sure");
    }
    auto answer = co_await http_.send(request);
    if (answer && answer->status >= 200 && answer->status < 300) co_return std::move(answer->body);
    auto error = answer ? error_of_answer(answer->status, answer->body, answer->retry_after) : answer.error();
    if (error.code == ApiErrc::unauthorized && !token_read_again) {
      token_read_again = true;
      http_.refresh_token();
      continue;
    }
    auto wait = wait_before_retry(error, repeat, attempt++, jitter());
    if (!wait) co_return fail(std::move(error));
    auto when = clock_.steady() + std::chrono::duration_cast<std::chrono::milliseconds>(*wait * options_.patience);
    if (when >= request.deadline) co_return fail(std::move(error));
    co_await chat::base::sleep_until(timer, when);
  }
}

Task<Result<std::string>> Client::write(Request request, Repeat repeat) {
  const auto last = clock_.steady() + kTurnComes;
  do {
    // Not past the moment at which we may not write any more: who closes us waits for us.
    const auto fence = options_.writes_until ? options_.writes_until() : chat::base::SteadyTime::max();
    const auto turn = co_await writes_.take(std::min(last, fence));
    if (turn || fence <= clock_.steady()) co_return co_await call(std::move(request), Effect::write, repeat);
  } while (clock_.steady() < last);
  co_return fail(ApiErrc::throttled, "not written: too many other writes wait for the API server");
}

Task<Result<Json>> Client::call_json(Request request, Effect effect, Repeat repeat) {
  Result<std::string> body;  // no co_await inside ?:, g++ 12 destroys its arguments twice
  if (effect == Effect::read)
    body = co_await call(std::move(request), effect, repeat);
  else
    body = co_await write(std::move(request), repeat);
  if (!body) co_return fail(std::move(body.error()));
  co_return parse(*body);
}

Task<Result<Json>> Client::get(ObjectRef object) {
  co_return co_await call_json(request_of("GET", path_of(object.kind, object.name_space, object.name)), Effect::read,
                               Repeat::safe);
}

Task<Result<Json>> Client::page(const ListRequest& request, std::string position) {
  auto target = with_parameters(path_of(request.kind, request.name_space), {{"labelSelector", request.labels},
                                                                            {"fieldSelector", request.fields},
                                                                            {"limit", std::to_string(request.page)},
                                                                            {"continue", std::move(position)}});
  co_return co_await call_json(request_of("GET", std::move(target)), Effect::read, Repeat::safe);
}

Task<Result<Listed>> Client::list(ListRequest request, Keep keep) {
  Listed listed;
  for (std::string position;;) {
    auto answer = co_await page(request, position);
    if (!answer) co_return fail(std::move(answer.error()));
    auto items = answer->find("items");
    if (items == answer->end() || !items->is_array())
      co_return fail(ApiErrc::malformed, "the API server's list has no items");
    if (listed.items.size() + items->size() > options_.most_items) {
      co_return fail(ApiErrc::malformed, "more than " + std::to_string(options_.most_items) + " " +
                                             request.kind.plural + ": narrow the labels");
    }
    for (auto& item : *items) listed.items.push_back(keep(std::move(item)));
    listed.resource_version = text_at(*answer, {"metadata", "resourceVersion"});
    position = text_at(*answer, {"metadata", "continue"});
    if (position.empty()) break;
  }
  if (listed.resource_version.empty())
    co_return fail(ApiErrc::malformed, "the API server's list has no resourceVersion");
  co_return listed;
}

Task<Result<Json>> Client::create(ObjectRef object, Json body) {
  auto target = with_parameters(path_of(object.kind, object.name_space), {{"fieldManager", options_.field_manager}});
  co_return co_await call_json(request_of("POST", std::move(target), "application/json", body.dump()), Effect::write,
                               Repeat::unsafe);
}

Task<Result<Json>> Client::apply(ObjectRef object, Json body, Apply how) {
  auto target = with_parameters(path_of(object.kind, object.name_space, object.name, how.subresource),
                                {{"fieldManager", options_.field_manager},
                                 {"force", how.force ? "true" : "false"},
                                 {"dryRun", how.dry_run ? "All" : ""}});
  // JSON is YAML, which is what an apply is sent as.
  co_return co_await call_json(request_of("PATCH", std::move(target), "application/apply-patch+yaml", body.dump()),
                               Effect::write, Repeat::safe);
}

Task<Result<Json>> Client::merge(ObjectRef object, Json patch, std::string subresource) {
  auto target = with_parameters(path_of(object.kind, object.name_space, object.name, subresource),
                                {{"fieldManager", options_.field_manager}});
  // At a given version the second of two would be a conflict that nobody caused.
  bool at_version = !text_at(patch, {"metadata", "resourceVersion"}).empty();
  co_return co_await call_json(request_of("PATCH", std::move(target), "application/merge-patch+json", patch.dump()),
                               Effect::write, at_version ? Repeat::unsafe : Repeat::safe);
}

Task<Result<Json>> Client::replace(ObjectRef object, Json body, std::string subresource) {
  auto target = with_parameters(path_of(object.kind, object.name_space, object.name, subresource),
                                {{"fieldManager", options_.field_manager}});
  co_return co_await call_json(request_of("PUT", std::move(target), "application/json", body.dump()), Effect::write,
                               Repeat::unsafe);
}

Task<Status> Client::remove(ObjectRef object, std::string uid, std::optional<int> grace) {
  Json options = {{"apiVersion", "v1"},
                  {"kind", "DeleteOptions"},
                  {"preconditions", {{"uid", std::move(uid)}}},
                  {"propagationPolicy", "Background"}};
  if (grace) options["gracePeriodSeconds"] = *grace;
  auto done = co_await write(
      request_of("DELETE", path_of(object.kind, object.name_space, object.name), "application/json", options.dump()),
      Repeat::safe);
  if (!done && done.error().code != ApiErrc::not_found) co_return fail(std::move(done.error()));
  co_return Status{};
}

Task<Result<std::unique_ptr<WatchStream>>> Client::watch(ListRequest request, std::string resource_version,
                                                         int seconds) {
  auto wanted = request_of("GET", with_parameters(path_of(request.kind, request.name_space),
                                                  {{"watch", "true"},
                                                   {"allowWatchBookmarks", "true"},
                                                   {"labelSelector", request.labels},
                                                   {"fieldSelector", request.fields},
                                                   {"resourceVersion", std::move(resource_version)},
                                                   {"timeoutSeconds", std::to_string(seconds)}}));
  wanted.most_bytes = WatchStream::kLongestLine;
  // A server that has nothing to tell sends no bookmarks either, so silence means nothing before the watch's own end. A
  // peer that is gone is the kernel's to notice.
  auto stream = co_await open(std::move(wanted), std::chrono::seconds(seconds + kPastTheEnd));
  if (!stream) co_return fail(std::move(stream.error()));
  co_return std::make_unique<WatchStream>(std::move(*stream));
}

Task<Result<std::unique_ptr<Stream>>> Client::log(ObjectRef pod, Parameters parameters, std::chrono::seconds idle) {
  auto wanted = request_of("GET", with_parameters(path_of(pod.kind, pod.name_space, pod.name, "log"), parameters));
  wanted.most_bytes = kLogUnread;
  co_return co_await open(std::move(wanted), idle);
}

Task<Result<std::unique_ptr<Stream>>> Client::open(Request request, std::chrono::seconds idle) {
  request.deadline = clock_.steady() + options_.deadline;
  auto stream = co_await http_.open(request, idle);
  if (!stream && stream.error().code == ApiErrc::unauthorized) {
    http_.refresh_token();
    stream = co_await http_.open(request, idle);
  }
  co_return stream;
}

}  // namespace chatop::kubernetes
