#include "operator/kubernetes/control/leader_election.hpp"

#include <algorithm>

#include "operator/kubernetes/client/kinds.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::fail;
using chat::base::Json;
using chat::base::Result;
using chat::base::Status;
using chat::base::Task;

Client::Options client_options(const LeaseTerms& terms) {
  Client::Options options;
  options.deadline = terms.answer;
  return options;
}

}  // namespace

LeaderElection::LeaderElection(Http& http, const chat::base::Clock& clock, boost::asio::any_io_executor executor,
                               Options options, const chat::base::Log& log)
    : client_(http, clock, executor, client_options(options.terms)),
      clock_(clock),
      timer_(std::move(executor)),
      options_(std::move(options)),
      log_(log),
      random_(std::random_device()()),
      view_(options_.identity, options_.terms) {}

ObjectRef LeaderElection::lease() const { return {kinds::kLease, options_.name_space, options_.name}; }

void LeaderElection::stop() {
  stopping_ = true;
  timer_.cancel();
}

Task<> LeaderElection::run() {
  while (!stopping_) {
    bool known = co_await step();
    tell();
    if (stopping_) break;
    auto pause = known && leads() ? options_.terms.renew : options_.terms.look;
    auto now = std::chrono::steady_clock::now();
    // Never past the moment at which the hold ends, which is told then and not at the next renewal.
    auto left = view_.writes_until() - clock_.steady();
    if (leads()) pause = std::min(pause, std::chrono::ceil<std::chrono::milliseconds>(left));
    co_await chat::base::sleep_until(timer_, now + pause);
    tell();
  }
}

// Reads, and writes where that may be; a failure of either is seen again at the next step.
Task<bool> LeaderElection::step() {
  Status known;
  if (!leads()) known = co_await look();
  if (known) {
    auto next = view_.next(clock_.steady());
    if (next != LeaseView::Step::wait)
      known = co_await write(view_.wanted(next, lease_time(clock_.now_milliseconds())));
    if (!known && known.error().code == ApiErrc::conflict) known = co_await look();
  }
  if (!known) log_.warn("lease_failed", {{"lease", options_.name}, {"what", known.error().message}});
  co_return known.has_value();
}

Task<Status> LeaderElection::look() {
  auto found = co_await client_.get(lease());
  if (!found && found.error().code != ApiErrc::not_found) co_return fail(std::move(found.error()));
  object_ = found ? std::move(*found) : Json();
  view_.seen(object_.is_object() ? std::optional(lease_record(object_)) : std::nullopt, clock_.steady());
  co_return Status{};
}

Task<Status> LeaderElection::write(LeaseRecord record) {
  auto body = lease_object(object_, options_.name_space, options_.name, record);
  auto sent = clock_.steady();
  Result<Json> written;
  if (object_.is_object())
    written = co_await client_.replace(lease(), std::move(body), "");
  else
    written = co_await client_.create(lease(), std::move(body));
  if (!written) co_return fail(std::move(written.error()));
  object_ = std::move(*written);
  view_.written(lease_record(object_), sent, clock_.steady());
  co_return Status{};
}

void LeaderElection::tell() {
  bool now_leads = leads();
  if (now_leads == told_) return;
  told_ = now_leads;
  log_.info(now_leads ? "leading" : "not_leading", {{"lease", options_.name}, {"epoch", view_.epoch()}});
  if (now_leads && options_.won) options_.won(view_.epoch());
  if (!now_leads && options_.lost) options_.lost();
}

Task<> LeaderElection::release() {
  if (!leads()) co_return;
  auto record = view_.wanted_release(lease_time(clock_.now_milliseconds()));
  view_.released();
  auto released = co_await write(std::move(record));
  if (!released) log_.warn("lease_not_released", {{"lease", options_.name}, {"what", released.error().message}});
  told_ = false;
}

}  // namespace chatop::kubernetes
