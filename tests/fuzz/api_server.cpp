// What the API server (or whoever answers in its place) says, and a kubeconfig: events of a watch, errors, access.
#include "operator/kubernetes/client/access.hpp"
#include "operator/kubernetes/client/api_error.hpp"
#include "operator/kubernetes/client/watch_stream.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

using namespace chatop::kubernetes;

constexpr std::size_t kLongest = 512;

// However the bytes are cut, the lines are the same, and none is longer than the bound.
void check_lines(chat::fuzz::Input input) {
  const std::size_t piece = 1 + input.byte();
  const auto text = input.rest();
  Lines whole(kLongest);
  Lines cut(kLongest);
  const bool fits = whole.feed(text);
  bool cut_fits = true;
  for (auto rest = text; cut_fits && !rest.empty(); rest.remove_prefix(std::min(piece, rest.size())))
    cut_fits = cut.feed(rest.substr(0, piece));
  FUZZ_CHECK(fits == cut_fits);
  while (auto line = whole.next()) {
    FUZZ_CHECK(!line->empty() && line->size() <= kLongest && line->find('\n') == std::string::npos);
    FUZZ_CHECK(cut.next() == line);
  }
  FUZZ_CHECK(!cut.next());
}

void check_event(std::string_view text) {
  const auto event = parse_watch_line(text);
  if (event) FUZZ_CHECK(event->object.is_object() && event->object.contains("metadata"));
  if (!event) FUZZ_CHECK(!event.error().message.empty());
}

void check_error(chat::fuzz::Input input) {
  const int status = 300 + 2 * input.byte();
  const auto retry_after = input.line();
  const auto error = error_of_answer(status, input.rest(), retry_after);
  FUZZ_CHECK(error.code && !error.message.empty() && error.message.size() <= 4096);
  for (auto repeat : {Repeat::safe, Repeat::unsafe}) {
    const auto wait = wait_before_retry(error, repeat, 3, 0.5);
    if (wait) FUZZ_CHECK(wait->count() > 0 && *wait <= std::chrono::minutes(2));
  }
}

// It may name files; none of them is there.
void check_kubeconfig(std::string_view text) {
  static const chat::testing::TempDir folder;
  const auto access = kubeconfig_access({folder.write("config", text)});
  if (!access) FUZZ_CHECK(!access.error().message.empty());
  if (access) FUZZ_CHECK(access->server.starts_with("http") && access->certificate.given() == access->key.given());
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chat::fuzz::Input input(data, size);
  switch (input.byte()) {
    case 'l':
      check_lines(input);
      break;
    case 'e':
      check_error(input);
      break;
    case 'k':
      check_kubeconfig(input.rest());
      break;
    default:
      check_event(input.rest());
  }
  return 0;
}
