// What a daemon (or whoever listens in its place) answers to the operator: bounded text, or an error.
#include "dataplane/base/text.hpp"
#include "operator/daemons/daemon_report.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/input.hpp"

namespace {

void check_text(const std::string& text, std::size_t most) {
  FUZZ_CHECK(text.size() <= most && chat::base::code_points(text));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chat::fuzz::Input input(data, size);
  const unsigned status_code = input.byte() % 2 == 0 ? 200 : 100 + 2U * input.byte();
  const unsigned ready_code = input.byte() % 2 == 0 ? 200 : 503;
  const auto ready = input.line();
  const auto report = chatop::daemons::daemon_report(status_code, input.rest(), ready_code, ready);
  if (!report) {
    FUZZ_CHECK(report.error().message.starts_with("/status answered "));
    return 0;
  }
  FUZZ_CHECK(status_code == 200 && report->ready == (ready_code == 200) && report->findings.size() <= 20);
  check_text(report->not_ready, 300);
  check_text(report->state, 300);
  for (const auto& finding : report->findings) {
    check_text(finding.reason, 300);
    check_text(finding.message, 600);
  }
  return 0;
}
