#include "operator/kubernetes/control/lease_terms.hpp"

#include <algorithm>

#include "operator/kubernetes/client/fields.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::Json;
using chat::base::SteadyTime;

}  // namespace

LeaseRecord lease_record(const Json& lease) {
  LeaseRecord record;
  auto spec = lease.is_object() ? lease.value("spec", Json::object()) : Json::object();
  auto metadata = lease.is_object() ? lease.value("metadata", Json::object()) : Json::object();
  if (!spec.is_object() || !metadata.is_object()) return record;
  record.holder = text_at(spec, {"holderIdentity"});
  record.duration =
      std::chrono::seconds(chat::base::whole_number(spec.value("leaseDurationSeconds", Json())).value_or(0));
  record.transitions = chat::base::whole_number(spec.value("leaseTransitions", Json())).value_or(0);
  record.acquired = text_at(spec, {"acquireTime"});
  record.renewed = text_at(spec, {"renewTime"});
  record.resource_version = text_at(metadata, {"resourceVersion"});
  return record;
}

Json lease_object(const Json& before, const std::string& name_space, const std::string& name,
                  const LeaseRecord& record) {
  Json lease = before.is_object() ? before : Json::object();
  lease["apiVersion"] = "coordination.k8s.io/v1";
  lease["kind"] = "Lease";
  auto& metadata = lease["metadata"];
  if (!metadata.is_object()) metadata = Json::object();
  metadata["namespace"] = name_space;
  metadata["name"] = name;
  auto& spec = lease["spec"];
  if (!spec.is_object()) spec = Json::object();
  spec["holderIdentity"] = record.holder;
  spec["leaseDurationSeconds"] = record.duration.count();
  spec["leaseTransitions"] = record.transitions;
  spec["acquireTime"] = record.acquired;
  spec["renewTime"] = record.renewed;
  return lease;
}

void LeaseView::seen(std::optional<LeaseRecord> record, SteadyTime now) {
  bool same = record.has_value() == record_.has_value() &&
              (!record || (record->resource_version == record_->resource_version && record->holder == record_->holder));
  if (!same) unchanged_since_ = now;
  record_ = std::move(record);
  if (hold_ && (!record_ || record_->holder != identity_ || record_->transitions != hold_->epoch)) hold_.reset();
}

void LeaseView::written(LeaseRecord record, SteadyTime sent, SteadyTime now) {
  seen(std::move(record), now);
  if (record_->holder == identity_) hold_ = Hold{record_->transitions, sent};
}

LeaseView::Step LeaseView::next(SteadyTime now) const {
  if (leads(now)) return Step::renew;
  if (!record_ || record_->holder.empty()) return Step::acquire;
  // Ours by name, but not held for sure (an answer got lost, or came too late): taken anew, in a new epoch.
  if (record_->holder == identity_) return Step::acquire;
  auto theirs = std::clamp<std::chrono::milliseconds>(record_->duration, terms_.lease, std::chrono::minutes(10));
  return now >= unchanged_since_ + theirs ? Step::acquire : Step::wait;
}

LeaseRecord LeaseView::wanted(Step step, const std::string& time) const {
  auto record = record_.value_or(LeaseRecord{});
  if (step == Step::acquire) {
    record.acquired = time;
    ++record.transitions;
  }
  record.holder = identity_;
  record.duration = std::chrono::ceil<std::chrono::seconds>(terms_.lease);
  record.renewed = time;
  return record;
}

LeaseRecord LeaseView::wanted_release(const std::string& time) const {
  auto record = record_.value_or(LeaseRecord{});
  record.holder.clear();
  record.duration = std::chrono::seconds(1);
  record.renewed = time;
  return record;
}

SteadyTime LeaseView::writes_until() const { return hold_ ? hold_->sent + terms_.act : SteadyTime::min(); }

std::string lease_time(std::int64_t milliseconds) {
  auto time = chat::base::rfc3339(milliseconds);
  time.insert(time.size() - 1, "000");
  return time;
}

}  // namespace chatop::kubernetes
