// The same frames come out however the bytes are cut, and a length beyond the bound ends the stream.
#include <cstring>
#include <vector>

#include "dataplane/io/rpc/channel.hpp"
#include "dataplane/io/rpc/frame_reader.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using chat::io::rpc::FrameReader;

struct Outcome {
  std::vector<std::pair<std::uint64_t, std::string>> frames;
  std::string wrong;
  bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view bytes, std::size_t piece, std::size_t most) {
  Outcome outcome;
  FrameReader reader;
  const FrameReader::OnFrame keep = [&](std::uint64_t call, std::string_view payload) {
    FUZZ_CHECK(payload.size() + 8 <= chat::io::rpc::kMaxFrameBytes);
    outcome.frames.emplace_back(call, payload);
    return outcome.frames.size() < most;
  };
  while (!bytes.empty() && outcome.wrong.empty() && outcome.frames.size() < most) {
    const auto space = reader.space();
    const auto count = std::min({piece, bytes.size(), space.size()});
    FUZZ_CHECK(count > 0);
    std::memcpy(space.data(), bytes.data(), count);
    bytes.remove_prefix(count);
    outcome.wrong = reader.take(count, keep);
  }
  return outcome;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chat::fuzz::Input input(data, size);
  const std::size_t piece = input.byte() % 32 + 1;
  const auto whole = read(input.rest(), input.rest().size() + 1, SIZE_MAX);
  FUZZ_CHECK(read(input.rest(), piece, SIZE_MAX) == whole);
  if (whole.frames.empty()) return 0;
  const auto first = read(input.rest(), piece, 1);
  FUZZ_CHECK(first.frames.size() == 1 && first.frames.front() == whole.frames.front());
  return 0;
}
