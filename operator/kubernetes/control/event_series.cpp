#include "operator/kubernetes/control/event_series.hpp"

#include <algorithm>

#include "dataplane/base/digest.hpp"
#include "dataplane/base/text.hpp"
#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/control/lease_terms.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::Json;

constexpr std::int64_t kOneSeries = 10 * 60'000;  // milliseconds without a happening end it
constexpr std::int64_t kBetweenWrites = 60'000;
constexpr std::size_t kLongestNote = 1'024;  // the API server's bounds
constexpr std::size_t kLongestName = 200;

}  // namespace

std::int64_t EventSeries::due(const Series& series) {
  return series.created ? std::max(series.written + kBetweenWrites, series.last) : series.last;
}

EventSeries::Series EventSeries::begin_series(const Happening& happening, std::string key, std::int64_t now) const {
  Series series;
  series.uid = text_at(happening.regarding, {"uid"});
  series.name_space = text_at(happening.regarding, {"namespace"});
  if (series.name_space.empty()) series.name_space = "default";  // where Events about objects without one are
  series.name = text_at(happening.regarding, {"name"}).substr(0, kLongestName) + "." +
                chat::base::hex(chat::base::sha256(key + instance_ + std::to_string(now))).substr(0, 16);
  series.last = now;
  series.body = {{"apiVersion", "events.k8s.io/v1"},
                 {"kind", "Event"},
                 {"metadata", {{"name", series.name}, {"namespace", series.name_space}}},
                 {"eventTime", lease_time(now)},
                 {"reportingController", controller_},
                 {"reportingInstance", chat::base::cut(instance_, 128)},
                 {"regarding", happening.regarding},
                 {"type", happening.warning ? "Warning" : "Normal"},
                 {"reason", chat::base::cut(happening.reason, 128)},
                 {"action", chat::base::cut(happening.action, 128)},
                 {"note", chat::base::cut(happening.note, kLongestNote)}};
  series.key = std::move(key);
  return series;
}

void EventSeries::add(const Happening& happening, std::int64_t now) {
  while (!series_.empty() && now - series_.back().last > kOneSeries && !series_.back().unwritten)
    erase(std::prev(series_.end()));
  auto key = text_at(happening.regarding, {"uid"}) + '\n' + text_at(happening.regarding, {"name"}) + '\n' +
             (happening.warning ? "W" : "N") + happening.reason + '\n' + happening.action + '\n' + happening.note;
  if (auto found = by_key_.find(key); found != by_key_.end()) {
    auto place = found->second;
    if (now - place->last <= kOneSeries) {
      ++place->count;
      place->last = now;
      place->unwritten = true;
      series_.splice(series_.begin(), series_, place);
      return;
    }
    erase(place);
  }
  auto series = begin_series(happening, std::move(key), now);
  if (of_object_[series.uid] >= bounds_.of_one_object) {
    ++dropped_;
    return;
  }
  if (series_.size() >= bounds_.series) {
    if (series_.back().unwritten) ++dropped_;
    erase(std::prev(series_.end()));
  }
  ++of_object_[series.uid];
  series_.push_front(std::move(series));
  by_key_[series_.front().key] = series_.begin();
}

void EventSeries::erase(Place place) {
  if (auto count = of_object_.find(place->uid); --count->second == 0) of_object_.erase(count);
  by_key_.erase(place->key);
  series_.erase(place);
}

std::optional<EventWrite> EventSeries::take(std::int64_t now) {
  // From the oldest on: those wait longest.
  for (auto place = series_.rbegin(); place != series_.rend(); ++place) {
    if (!place->unwritten || due(*place) > now) continue;
    EventWrite write{!place->created, place->name_space, place->name, {}};
    Json series = {{"count", place->count}, {"lastObservedTime", lease_time(place->last)}};
    if (write.create) {
      write.body = std::move(place->body);
      if (place->count > 1) write.body["series"] = std::move(series);
    } else {
      write.body = {{"series", std::move(series)}};
    }
    place->created = true;
    place->unwritten = false;
    place->written = now;
    return write;
  }
  return std::nullopt;
}

std::optional<std::int64_t> EventSeries::next() const {
  std::optional<std::int64_t> soonest;
  for (const auto& series : series_)
    if (series.unwritten) soonest = std::min(soonest.value_or(due(series)), due(series));
  return soonest;
}

void EventSeries::forget(const std::string& name) {
  auto place =
      std::find_if(series_.begin(), series_.end(), [&name](const Series& series) { return series.name == name; });
  if (place != series_.end()) erase(place);
}

}  // namespace chatop::kubernetes
