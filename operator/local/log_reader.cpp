#include "operator/local/log_reader.hpp"

#include <array>
#include <fstream>
#include <ostream>

namespace chatop::local {
namespace {

constexpr auto kLookAgain = std::chrono::seconds(2);

// Where the last `lines` lines begin.
std::streamoff start_of_tail(std::ifstream& in, std::int64_t lines) {
  in.seekg(0, std::ios::end);
  std::streamoff at = in.tellg();
  if (lines <= 0) return lines < 0 ? 0 : at;
  std::int64_t found = 0;
  std::array<char, 65536> part{};
  bool at_end = true;  // the newline that ends the last line does not count
  while (at > 0) {
    const auto size = std::min<std::streamoff>(at, part.size());
    in.seekg(at - size);
    in.read(part.data(), size);
    for (std::streamoff i = size - 1; i >= 0; --i) {
      if (part[static_cast<std::size_t>(i)] == '\n' && !at_end && ++found >= lines) return at - size + i + 1;
      at_end = false;
    }
    at -= size;
  }
  return 0;
}

// Copies from `at` to the end; gives the new end.
std::streamoff copy_from(const std::filesystem::path& file, std::streamoff at, std::ostream& out) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) return at;
  const std::streamoff size = in.tellg();
  if (size < at) at = 0;  // rotated: it was emptied
  in.seekg(at);
  std::array<char, 65536> part{};
  while (in.read(part.data(), part.size()), in.gcount() > 0) {
    out.write(part.data(), in.gcount());
    at += in.gcount();
  }
  out.flush();
  return at;
}

}  // namespace

chat::base::Status copy_log_file(const std::filesystem::path& file, std::int64_t tail, ports::Watch* more,
                                 std::ostream& out) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return chat::base::fail(ports::SiteErrc::unreadable, file.string() + " can not be read");
  auto at = copy_from(file, start_of_tail(in, tail), out);
  while (more != nullptr && out && !more->wait(kLookAgain).interrupted) at = copy_from(file, at, out);
  return {};
}

}  // namespace chatop::local
