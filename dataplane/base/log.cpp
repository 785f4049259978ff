#include "dataplane/base/log.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <system_error>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/text.hpp"

namespace chat::base {
namespace {

constexpr std::size_t kMostValueBytes = 8 * 1024;  // of one field; the rest is cut off
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kHex = "0123456789abcdef";

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20 && byte != 0x7F) {
    out += c;
    return;
  }
  out += "\\u00";
  out += kHex[byte >> 4];
  out += kHex[byte & 15u];
}

// A log line must be valid JSON whatever a client sent: bytes that are no UTF-8 become U+FFFD.
void append_string(std::string& out, std::string_view value) {
  bool cut = value.size() > kMostValueBytes;
  if (cut) value = value.substr(0, kMostValueBytes);
  out += '"';
  for (std::size_t at = 0; at < value.size();) {
    auto lead = static_cast<unsigned char>(value[at]);
    if (lead < 0x80) {
      append_escaped(out, value[at++]);
      continue;
    }
    std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    auto sequence = value.substr(at, length);
    if (sequence.size() == length && code_points(sequence) == 1u) {
      out += sequence;
      at += length;
    } else {
      out += kReplacement;
      ++at;
    }
  }
  if (cut) out += "…";
  out += '"';
}

void append_value(std::string& out, const Field& field) {
  if (auto* text = std::get_if<std::string_view>(&field.value)) return append_string(out, *text);
  if (auto* yes = std::get_if<bool>(&field.value)) {
    out += *yes ? "true" : "false";
    return;
  }
  std::array<char, 32> digits{};
  std::to_chars_result end{};
  if (auto* whole = std::get_if<std::int64_t>(&field.value)) {
    end = std::to_chars(digits.begin(), digits.end(), *whole);
  } else {
    auto real = std::get<double>(field.value);
    if (!std::isfinite(real)) {  // JSON has no word for it
      out += "null";
      return;
    }
    end = std::to_chars(digits.begin(), digits.end(), real);
  }
  out.append(digits.data(), end.ptr);
}

void write_all(int fd, std::string_view line) {
  while (!line.empty()) {
    auto written = ::write(fd, line.data(), line.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return;  // nobody to tell: a full disk must not end a daemon
    }
    line.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      break;
  }
  return "error";
}

bool is_lower_hex(std::string_view text) { return text.find_first_not_of(kHex) == std::string_view::npos; }
bool all_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

}  // namespace

Log::Log(std::string service, Level least, int fd) : service_(std::move(service)), least_(least), fd_(fd) {}

void Log::debug(std::string_view event, std::initializer_list<Field> fields) const {
  write(Level::debug, event, fields);
}
void Log::info(std::string_view event, std::initializer_list<Field> fields) const { write(Level::info, event, fields); }
void Log::warn(std::string_view event, std::initializer_list<Field> fields) const { write(Level::warn, event, fields); }
void Log::error(std::string_view event, std::initializer_list<Field> fields) const {
  write(Level::error, event, fields);
}

void Log::write(Level level, std::string_view event, std::initializer_list<Field> fields) const {
  if (level < least_) return;
  std::string line = "{\"timestamp\":";
  append_string(line, rfc3339(SystemClock().now_milliseconds()));
  line += ",\"level\":";
  append_string(line, name_of(level));
  line += ",\"service\":";
  append_string(line, service_);
  line += ",\"event\":";
  append_string(line, event);
  for (const Field& field : fields) {
    line += ',';
    append_string(line, field.key);
    line += ':';
    append_value(line, field);
  }
  line += "}\n";
  write_all(fd_, line);
}

std::string new_trace_id() {
  std::array<unsigned char, 16> random{};
  while (getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "getrandom");
  }
  std::string out;
  for (unsigned char byte : random) {
    out += kHex[byte >> 4];
    out += kHex[byte & 15u];
  }
  return out;
}

std::string trace_id_of(std::string_view traceparent) {
  // version "-" trace-id "-" parent-id "-" flags; a later version may append more after another dash.
  constexpr std::size_t kVersion00Length = 55;
  bool long_enough = traceparent.size() == kVersion00Length ||
                     (traceparent.size() > kVersion00Length && traceparent.substr(0, 2) != "00" &&
                      traceparent[kVersion00Length] == '-');
  if (!long_enough || traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-') return new_trace_id();
  auto version = traceparent.substr(0, 2);
  auto trace = traceparent.substr(3, 32);
  auto parent = traceparent.substr(36, 16);
  auto flags = traceparent.substr(53, 2);
  if (!is_lower_hex(version) || version == "ff" || !is_lower_hex(trace) || all_zero(trace) || !is_lower_hex(parent) ||
      all_zero(parent) || !is_lower_hex(flags))
    return new_trace_id();
  return std::string(trace);
}

}  // namespace chat::base
