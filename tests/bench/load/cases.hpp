#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/json.hpp"
#include "tests/bench/load/people.hpp"
#include "tests/bench/load/samples.hpp"
#include "tests/bench/load/socket.hpp"

namespace chat::bench {

struct Options {
  std::filesystem::path cluster;         // DIR/clusters/NAME
  boost::asio::ip::tcp::endpoint where;  // the gateway; of `bare` the bare loop
  std::size_t people = 0;
  std::size_t at_once = 64;  // who sign on at a time; as many as there are people: all in the same moment
  std::size_t outstanding = 1;
  std::size_t bytes = 120;  // of a text; of `bare`, of a whole frame
  double rate = 0;          // messages a second; 0: as fast as it goes
  double warmup = 2;        // seconds
  double seconds = 10;
};

// What a case measured; the script that runs this program adds what the servers used. Each case checks what it counts:
// every message reached everyone it was for, once, in order.
base::Json run_idle(const Options& options);   // people who sign on and stay
base::Json run_pairs(const Options& options);  // one-on-one conversations
base::Json run_group(const Options& options);  // one conversation of all
base::Json run_bare(const Options& options);   // the same as run_group against the bare send loop

// Tells the script: it looks at the servers' clocks when it reads this.
void mark(std::string_view name);
// Waits until the script has looked.
void hold(std::string_view name);

// Opens sockets to one gateway, a bounded number at a time, until each was told `ready`. Frames after that go to
// `on_frame` with the index of the person.
class Crowd {
 public:
  using OnFrame = std::function<void(std::size_t person, std::string_view text)>;
  Crowd(boost::asio::io_context& io, const std::vector<Person>& people, OnFrame on_frame);
  // Runs `io` until all are ready; how long each took from its connect to `ready`.
  Samples sign_on(const boost::asio::ip::tcp::endpoint& where, std::size_t at_once);
  void send(std::size_t person, std::string_view text) { sockets_[person]->send(text); }
  void leave();
  [[nodiscard]] std::size_t received(std::size_t person) const { return sockets_[person]->received(); }

 private:
  void open_next(const boost::asio::ip::tcp::endpoint& where);

  boost::asio::io_context& io_;
  const std::vector<Person>& people_;
  OnFrame on_frame_;
  std::vector<std::unique_ptr<Socket>> sockets_;  // handlers hold their addresses
  std::vector<Clock::time_point> opened_at_;
  std::size_t opened_ = 0;
  std::size_t ready_ = 0;
};

// A field of a frame of the servers: they write their keys without spaces, and a text of ours has no quotes.
[[nodiscard]] std::string_view text_field(std::string_view frame, std::string_view quoted_key);
[[nodiscard]] std::int64_t number_field(std::string_view frame, std::string_view quoted_key);
[[nodiscard]] std::string send_frame(const std::string& conversation, std::string_view key, std::size_t bytes);

}  // namespace chat::bench
