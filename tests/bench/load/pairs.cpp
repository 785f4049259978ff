#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <cmath>

#include "tests/bench/load/cases.hpp"
#include "tests/bench/load/samples.hpp"

namespace chat::bench {
namespace {

// One side of a one-on-one conversation; the other side is its neighbour (index ^ 1).
struct Side {
  std::string conversation;
  std::deque<Clock::time_point> under_way;  // begun, from the first one that was not delivered to the other side
  std::uint64_t sent = 0;
  std::uint64_t acked = 0;
  std::uint64_t seen_own = 0;
  std::uint64_t seen_other = 0;
  std::int64_t rev = 0;
};

class Pairs {
 public:
  Pairs(boost::asio::io_context& io, const Options& options, const std::vector<Person>& people,
        const std::vector<base::Ulid>& talks)
      : io_(io),
        options_(options),
        crowd_(io, people, [this](std::size_t person, std::string_view text) { on_frame(person, text); }),
        sides_(people.size()),
        timer_(io) {
    for (std::size_t i = 0; i < sides_.size(); ++i) sides_[i].conversation = talks[i / 2].text();
  }
  base::Json run();

 private:
  void begin();
  void send(std::size_t person, Clock::time_point due);
  void tick();
  void on_frame(std::size_t person, std::string_view text);
  void on_ack(std::size_t person, std::string_view text);
  void on_message(std::size_t person, std::string_view text);
  void run_for(double seconds);
  void drain();

  boost::asio::io_context& io_;
  const Options& options_;
  Crowd crowd_;
  std::vector<Side> sides_;
  boost::asio::steady_timer timer_;
  Clock::time_point first_due_;
  std::uint64_t paced_ = 0;
  bool sending_ = true;
  bool measuring_ = false;
  std::uint64_t delivered_ = 0;  // to the other side
  std::uint64_t acked_ = 0;
  Samples to_delivery_;
};

// The key says who sent it, and its number among theirs.
struct Key {
  std::size_t person = 0;
  std::uint64_t number = 0;
};
Key parse_key(std::string_view text) {
  Key key;
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) give_up("a message nobody sent: " + std::string(text));
  std::from_chars(text.data(), text.data() + dot, key.person);
  std::from_chars(text.data() + dot + 1, text.data() + text.size(), key.number);
  return key;
}

void Pairs::send(std::size_t person, Clock::time_point due) {
  auto& side = sides_[person];
  const auto key = std::to_string(person) + "." + std::to_string(++side.sent);
  side.under_way.push_back(due);
  crowd_.send(person, send_frame(side.conversation, key, options_.bytes));
}

void Pairs::begin() {
  if (options_.rate > 0) {
    first_due_ = Clock::now();
    return tick();
  }
  for (std::size_t person = 0; person < sides_.size(); ++person) {
    for (std::size_t i = 0; i < options_.outstanding; ++i) send(person, Clock::now());
  }
}

// An open loop: a message that is late for its time counts from its time.
void Pairs::tick() {
  if (!sending_) return;
  const auto gap = std::chrono::duration<double>(1 / options_.rate);
  auto due = first_due_;
  for (;; ++paced_) {
    due = first_due_ + std::chrono::duration_cast<Clock::duration>(gap * static_cast<double>(paced_));
    if (due > Clock::now()) break;
    send(paced_ % sides_.size(), due);
  }
  timer_.expires_at(due);
  timer_.async_wait([this](const boost::system::error_code&) { tick(); });
}

void Pairs::on_frame(std::size_t person, std::string_view text) {
  const auto type = text_field(text, "\"type\":");
  if (type == "ack") return on_ack(person, text);
  if (type == "message") return on_message(person, text);
  if (type != "conversation") give_up("unexpected: " + std::string(text));
}

void Pairs::on_ack(std::size_t person, std::string_view text) {
  const auto key = parse_key(text_field(text, "\"client_msg_id\":"));
  auto& side = sides_[person];
  if (key.person != person || key.number > side.sent) give_up("an ack of another's message");
  ++side.acked;
  if (measuring_) ++acked_;
  if (sending_ && options_.rate == 0) send(person, Clock::now());
}

void Pairs::on_message(std::size_t person, std::string_view text) {
  auto& side = sides_[person];
  const auto rev = number_field(text, "\"rev\":");
  if (rev != side.rev + 1) give_up("rev " + std::to_string(rev) + " after " + std::to_string(side.rev));
  side.rev = rev;
  const auto key = parse_key(text_field(text, "\"client_msg_id\":"));
  const bool own = key.person == person;
  if (!own && key.person != (person ^ 1U)) give_up("a stranger's message");
  auto& seen = own ? side.seen_own : side.seen_other;
  if (key.number != ++seen) give_up("message " + std::to_string(key.number) + " of one sender is not the next one");
  if (own) return;
  auto& under_way = sides_[key.person].under_way;
  if (measuring_) {
    ++delivered_;
    to_delivery_.add(Clock::now() - under_way.front());
  }
  under_way.pop_front();
}

void Pairs::run_for(double seconds) {
  io_.run_for(std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds)));
}

// Everything that was sent reaches both sides and is acknowledged.
void Pairs::drain() {
  const auto until = Clock::now() + std::chrono::seconds(30);
  const auto done = [this](std::size_t person) {
    const auto& side = sides_[person];
    return side.acked == side.sent && side.seen_own == side.sent && side.seen_other == sides_[person ^ 1U].sent;
  };
  for (std::size_t person = 0; person < sides_.size(); ++person) {
    while (!done(person)) {
      if (Clock::now() > until) give_up("a message was not acknowledged or not delivered");
      io_.run_one_until(until);
    }
  }
}

base::Json Pairs::run() {
  crowd_.sign_on(options_.where, options_.at_once);
  hold("signed_on");
  begin();
  run_for(options_.warmup);
  measuring_ = true;
  const auto begun = Clock::now();
  mark("begin");
  run_for(options_.seconds);
  measuring_ = false;
  mark("end");
  const std::chrono::duration<double> took = Clock::now() - begun;
  sending_ = false;
  timer_.cancel();
  drain();
  crowd_.leave();
  return {{"pairs", sides_.size() / 2},
          {"outstanding", options_.rate > 0 ? base::Json(nullptr) : base::Json(options_.outstanding)},
          {"rate", options_.rate},
          {"text_bytes", options_.bytes},
          {"seconds", took.count()},
          {"messages", delivered_},
          {"acknowledged", acked_},
          {"messages_per_second", static_cast<double>(delivered_) / took.count()},
          {"send_to_deliver", to_delivery_.to_json()}};
}

}  // namespace

base::Json run_pairs(const Options& options) {
  boost::asio::io_context io{1};
  Population population(options.cluster);
  const auto people = population.people(options.people);
  const auto talks = population.pair_up(people);
  population.come_to_rest();
  hold("prepared");
  Pairs pairs(io, options, people, talks);
  return pairs.run();
}

}  // namespace chat::bench
