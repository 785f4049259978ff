#include <charconv>

#include "tests/bench/load/cases.hpp"
#include "tests/bench/load/samples.hpp"

namespace chat::bench {
namespace {

// One member talks, all get it. So many messages are under way; the next one leaves when the oldest has reached all.
class Group {
 public:
  Group(boost::asio::io_context& io, const Options& options, const std::vector<Person>& people, base::Ulid talk)
      : io_(io),
        options_(options),
        crowd_(io, people, [this](std::size_t person, std::string_view text) { on_frame(person, text); }),
        seen_(people.size()),
        conversation_(talk.text()) {}
  base::Json run();

 private:
  void send();
  void on_frame(std::size_t person, std::string_view text);
  void run_for(double seconds);

  boost::asio::io_context& io_;
  const Options& options_;
  Crowd crowd_;
  std::vector<std::int64_t> seen_;  // the newest message each has seen
  std::string conversation_;
  struct UnderWay {
    std::size_t reached = 0;
    Clock::time_point begun;
  };
  std::deque<UnderWay> under_way_;  // from the first that has not reached all
  std::int64_t complete_ = 0;       // that have reached all
  std::int64_t sent_ = 0;
  std::int64_t acked_ = 0;
  std::size_t frame_bytes_ = 0;
  bool sending_ = true;
  bool measuring_ = false;
  std::uint64_t deliveries_ = 0;
  std::uint64_t messages_ = 0;
  Samples to_all_;
};

void Group::send() {
  under_way_.push_back({0, Clock::now()});
  crowd_.send(0, send_frame(conversation_, std::to_string(++sent_), options_.bytes));
}

void Group::on_frame(std::size_t person, std::string_view text) {
  const auto type = text_field(text, "\"type\":");
  if (type == "ack" && person == 0) {
    ++acked_;
    return;
  }
  if (type == "conversation") return;
  if (type != "message") give_up("unexpected: " + std::string(text));
  const auto rev = number_field(text, "\"rev\":");
  std::int64_t number = 0;
  const auto key = text_field(text, "\"client_msg_id\":");
  std::from_chars(key.data(), key.data() + key.size(), number);
  if (rev != ++seen_[person] || number != rev) give_up("rev " + std::to_string(rev) + " is not the next one");
  frame_bytes_ = text.size() + (text.size() < 126 ? 2 : 4);
  if (measuring_) ++deliveries_;
  ++under_way_[static_cast<std::size_t>(rev - complete_ - 1)].reached;
  while (!under_way_.empty() && under_way_.front().reached == seen_.size()) {
    if (measuring_) {
      ++messages_;
      to_all_.add(Clock::now() - under_way_.front().begun);
    }
    under_way_.pop_front();
    ++complete_;
    if (sending_) send();
  }
}

void Group::run_for(double seconds) {
  io_.run_for(std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds)));
}

base::Json Group::run() {
  crowd_.sign_on(options_.where, options_.at_once);
  hold("signed_on");
  for (std::size_t i = 0; i < options_.outstanding; ++i) send();
  run_for(options_.warmup);
  measuring_ = true;
  const auto begun = Clock::now();
  mark("begin");
  run_for(options_.seconds);
  measuring_ = false;
  mark("end");
  const std::chrono::duration<double> took = Clock::now() - begun;
  sending_ = false;
  const auto until = Clock::now() + std::chrono::seconds(30);
  while (complete_ < sent_ || acked_ < sent_) {
    if (Clock::now() > until) give_up("a message was not acknowledged or not delivered to all");
    io_.run_one_until(until);
  }
  crowd_.leave();
  return {{"members", seen_.size()},         {"outstanding", options_.outstanding},
          {"text_bytes", options_.bytes},    {"frame_bytes", frame_bytes_},
          {"seconds", took.count()},         {"messages", messages_},
          {"deliveries", deliveries_},       {"deliveries_per_second", static_cast<double>(deliveries_) / took.count()},
          {"send_to_all", to_all_.to_json()}};
}

}  // namespace

base::Json run_group(const Options& options) {
  boost::asio::io_context io{1};
  Population population(options.cluster);
  const auto people = population.people(options.people);
  const auto talk = population.group(people);
  population.come_to_rest();
  hold("prepared");
  Group group(io, options, people, talk);
  return group.run();
}

}  // namespace chat::bench
