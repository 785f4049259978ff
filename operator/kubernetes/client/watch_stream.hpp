#pragma once
#include <deque>
#include <memory>
#include <optional>

#include "dataplane/base/json.hpp"
#include "operator/kubernetes/client/http.hpp"

namespace chatop::kubernetes {

struct WatchEvent {
  enum class Type { added, modified, deleted, bookmark };
  Type type = Type::bookmark;
  chat::base::Json object;
  std::string resource_version;  // of the object: where to go on from
};

// One line of a watch. An ERROR of the server is an error here; `gone` means to list again.
[[nodiscard]] chat::base::Result<WatchEvent> parse_watch_line(std::string_view line);

// Cuts bytes into lines. `most` bounds what waits for its end.
class Lines {
 public:
  explicit Lines(std::size_t most) : most_(most) {}
  // False: a line is longer than the bound.
  [[nodiscard]] bool feed(std::string_view bytes);
  [[nodiscard]] std::optional<std::string> next();

 private:
  std::size_t most_;
  std::string rest_;
  std::deque<std::string> lines_;
};

// The events of one watch. Destroying it closes the connection.
class WatchStream {
 public:
  static constexpr std::size_t kLongestLine = 4UL * 1024 * 1024;  // etcd holds objects of up to 1.5 MiB
  explicit WatchStream(std::unique_ptr<Stream> bytes) : bytes_(std::move(bytes)), lines_(kLongestLine) {}
  // nullopt: the server ended it, which is no fault: open the next one.
  chat::base::Task<chat::base::Result<std::optional<WatchEvent>>> next();
  void cancel() { bytes_->cancel(); }

 private:
  std::unique_ptr<Stream> bytes_;
  Lines lines_;
};

}  // namespace chatop::kubernetes
