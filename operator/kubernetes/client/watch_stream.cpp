#include "operator/kubernetes/client/watch_stream.hpp"

namespace chatop::kubernetes {

using chat::base::fail;
using chat::base::Json;
using chat::base::Result;
using chat::base::Task;

Result<WatchEvent> parse_watch_line(std::string_view line) {
  auto parsed = chat::base::parse_json(line, 128);
  if (!parsed) return fail(ApiErrc::malformed, "an event of the API server: " + parsed.error().message);
  if (!parsed->is_object() || !parsed->value("type", Json()).is_string() ||
      !parsed->value("object", Json()).is_object())
    return fail(ApiErrc::malformed, "an event of the API server has no type or no object");
  auto type = parsed->at("type").get<std::string>();
  WatchEvent event;
  event.object = std::move(parsed->at("object"));
  if (type == "ERROR") {
    auto status = chat::base::whole_number(event.object.value("code", Json()));
    return fail(error_of_answer(status ? static_cast<int>(*status) : 500, event.object.dump(), {}));
  }
  if (type == "ADDED")
    event.type = WatchEvent::Type::added;
  else if (type == "MODIFIED")
    event.type = WatchEvent::Type::modified;
  else if (type == "DELETED")
    event.type = WatchEvent::Type::deleted;
  else if (type == "BOOKMARK")
    event.type = WatchEvent::Type::bookmark;
  else
    return fail(ApiErrc::malformed, "the API server sent an event of the unknown type " + type.substr(0, 32));
  auto metadata = event.object.find("metadata");
  if (metadata == event.object.end() || !metadata->is_object() ||
      !metadata->value("resourceVersion", Json()).is_string())
    return fail(ApiErrc::malformed, "an event of the API server has no resourceVersion");
  event.resource_version = metadata->at("resourceVersion").get<std::string>();
  return event;
}

bool Lines::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    auto end = bytes.find('\n');
    auto part = bytes.substr(0, end);
    if (rest_.size() + part.size() > most_) return false;
    rest_ += part;
    if (end == std::string_view::npos) return true;
    if (!rest_.empty()) lines_.push_back(std::move(rest_));
    rest_.clear();
    bytes.remove_prefix(end + 1);
  }
  return true;
}

std::optional<std::string> Lines::next() {
  if (lines_.empty()) return std::nullopt;
  auto line = std::move(lines_.front());
  lines_.pop_front();
  return line;
}

Task<Result<std::optional<WatchEvent>>> WatchStream::next() {
  for (;;) {
    if (auto line = lines_.next()) {
      auto event = parse_watch_line(*line);
      if (!event) co_return fail(std::move(event.error()));
      co_return std::move(*event);
    }
    auto bytes = co_await bytes_->read();
    if (!bytes) co_return fail(std::move(bytes.error()));
    if (bytes->empty()) co_return std::nullopt;
    if (!lines_.feed(*bytes)) co_return fail(ApiErrc::malformed, "an event of the API server is larger than 4 MiB");
  }
}

}  // namespace chatop::kubernetes
