#include "dataplane/protocol/json_writer.hpp"

namespace chat::protocol {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

bool needs_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

}  // namespace

void JsonWriter::quote(std::string_view text) {
  out_ += '"';
  std::size_t copied = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (!needs_escape(c)) continue;
    out_.append(text, copied, at - copied);
    copied = at + 1;
    out_ += '\\';
    switch (c) {
      case '"':
      case '\\':
        out_ += c;
        break;
      case '\n':
        out_ += 'n';
        break;
      case '\r':
        out_ += 'r';
        break;
      case '\t':
        out_ += 't';
        break;
      default:
        out_ += "u00";
        out_ += kHex[static_cast<unsigned char>(c) >> 4];
        out_ += kHex[static_cast<unsigned char>(c) & 15u];
    }
  }
  out_.append(text, copied);
  out_ += '"';
}

}  // namespace chat::protocol
