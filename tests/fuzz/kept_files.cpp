// What our own processes leave for each other: identity files, events of the outbox. Whatever stands there is no crash.
#include "dataplane/workers/membership_event.hpp"
#include "operator/local/identity.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/input.hpp"

namespace {

void check_identity(const std::string& text) {
  const auto identity = chatop::local::parse_identity(text);
  if (!identity) return;
  FUZZ_CHECK(identity->pid > 1 && identity->start_time >= 0);
  const auto again = chatop::local::parse_identity(to_json(*identity));
  FUZZ_CHECK(again && again->pid == identity->pid && again->name == identity->name &&
             again->command == identity->command && again->boot_id == identity->boot_id);
}

void check_event(const std::string& text) {
  chat::ports::Event event;
  event.kind = "member_added";
  event.payload = text;
  const auto read = chat::workers::read_membership_event(event);
  if (!read) FUZZ_CHECK(read.error().message.starts_with("membership event: "));
  if (read) FUZZ_CHECK(read->members_rev >= 0 && read->together);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(chat::fuzz::Input(data, size).rest());
  check_identity(text);
  check_event(text);
  return 0;
}
