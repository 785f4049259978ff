#include "tests/bench/load/cases.hpp"
#include "tests/bench/load/samples.hpp"

namespace chat::bench {

// Everyone has one one-on-one conversation. They sign on, and then nothing happens.
base::Json run_idle(const Options& options) {
  boost::asio::io_context io{1};
  Population population(options.cluster);
  const auto people = population.people(options.people);
  population.pair_up(people);
  population.come_to_rest();
  hold("prepared");
  Crowd crowd(io, people, [](std::size_t, std::string_view text) {
    if (text_field(text, "\"type\":") != "conversation") give_up("an idle person got " + std::string(text));
  });
  const auto begun = Clock::now();
  mark("begin");
  auto to_ready = crowd.sign_on(options.where, options.at_once);
  mark("end");
  const std::chrono::duration<double> took = Clock::now() - begun;
  hold("signed_on");
  crowd.leave();
  return {{"people", people.size()}, {"sign_on_seconds", took.count()}, {"connect_to_ready", to_ready.to_json()}};
}

}  // namespace chat::bench
