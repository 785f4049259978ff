// A status file is read, leniently, or said to be none; what is read prints to the same status.
#include "operator/api/parse.hpp"
#include "operator/api/write.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/input.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chatop::api;
  const auto status = parse_status(chat::fuzz::Input(data, size).rest());
  if (!status) {
    FUZZ_CHECK(!status.error().empty());
    for (const auto& error : status.error()) FUZZ_CHECK(!error.problem.empty() && !error.remedy.empty());
    return 0;
  }
  const auto again = parse_status(json_text(to_json(*status)));
  FUZZ_CHECK(again);
  FUZZ_CHECK(json_text(to_json(*again)) == json_text(to_json(*status)));
  return 0;
}
