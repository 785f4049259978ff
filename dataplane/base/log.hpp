#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace chat::base {

enum class Level { debug, info, warn, error };

// One key of a log line. Views: they only need to live through the call.
struct Field {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, double, bool> value;
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, bool v) : key(k), value(v) {}
  Field(std::string_view k, double v) : key(k), value(v) {}
  template <class Int>
  requires std::is_integral_v<Int> Field(std::string_view k, Int v) : key(k), value(static_cast<std::int64_t>(v)) {}
};

// JSON lines on standard error, one write(2) a line: {"timestamp","level","service","event",…fields}. `event` is a
// constant snake_case name; what varies goes into fields. Message contents, passwords and tokens are never logged.
// Thread-safe. A request's lines carry its `trace_id`.
class Log {
 public:
  explicit Log(std::string service, Level least = Level::info, int fd = 2);
  void debug(std::string_view event, std::initializer_list<Field> fields = {}) const;
  void info(std::string_view event, std::initializer_list<Field> fields = {}) const;
  void warn(std::string_view event, std::initializer_list<Field> fields = {}) const;
  void error(std::string_view event, std::initializer_list<Field> fields = {}) const;

 private:
  void write(Level level, std::string_view event, std::initializer_list<Field> fields) const;
  std::string service_;
  Level least_;
  int fd_;
};

// 32 lower-case hex digits (W3C Trace Context).
[[nodiscard]] std::string new_trace_id();
// The trace id of a `traceparent` header, or a new one where it is absent or malformed.
[[nodiscard]] std::string trace_id_of(std::string_view traceparent);

}  // namespace chat::base
