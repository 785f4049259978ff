#pragma once
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "dataplane/base/json.hpp"

namespace chatop::kubernetes {

// Something that people should find in `kubectl describe`.
struct Happening {
  chat::base::Json regarding;  // apiVersion, kind, namespace, name, uid
  bool warning = false;
  std::string reason;  // MigrationRefused
  std::string action;  // Migrate
  std::string note;
};

struct EventWrite {
  bool create = true;  // else a merge patch of the series
  std::string name_space;
  std::string name;
  chat::base::Json body;
};

// Makes few Events out of many happenings: the same one again within 10 minutes is a count on the Event that is there,
// written at most once a minute. Bounded: so many series (the one that was quiet longest goes), so many of one object
// (further ones are dropped). Pure.
class EventSeries {
 public:
  struct Bounds {
    std::size_t series = 1'024;
    std::size_t of_one_object = 25;
  };
  EventSeries(std::string controller, std::string instance, Bounds bounds)
      : controller_(std::move(controller)), instance_(std::move(instance)), bounds_(bounds) {}

  void add(const Happening& happening, std::int64_t now);
  // The next Event to write; taken out of what is to be written.
  [[nodiscard]] std::optional<EventWrite> take(std::int64_t now);
  // When take() has something, if nothing is added before; nullopt: never.
  [[nodiscard]] std::optional<std::int64_t> next() const;
  // The Event is not there any more: its next happening makes a new one.
  void forget(const std::string& name);
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  [[nodiscard]] std::size_t size() const { return series_.size(); }

 private:
  struct Series {
    std::string key;
    std::string uid;
    std::string name_space;
    std::string name;
    chat::base::Json body;  // until it is created
    std::int64_t count = 1;
    std::int64_t last = 0;     // when it happened
    std::int64_t written = 0;  // when it was written last
    bool unwritten = true;
    bool created = false;
  };
  using Place = std::list<Series>::iterator;
  void erase(Place place);
  [[nodiscard]] Series begin_series(const Happening& happening, std::string key, std::int64_t now) const;
  [[nodiscard]] static std::int64_t due(const Series& series);

  std::string controller_;
  std::string instance_;
  Bounds bounds_;
  std::list<Series> series_;  // the one that happened last is in front
  std::unordered_map<std::string, Place> by_key_;
  std::unordered_map<std::string, std::size_t> of_object_;
  std::uint64_t dropped_ = 0;
};

}  // namespace chatop::kubernetes
