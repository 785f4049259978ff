#include <charconv>
#include <iostream>

#include "tests/bench/load/cases.hpp"

namespace chat::bench {
void mark(std::string_view name) { std::cout << base::Json{{"mark", name}}.dump() << std::endl; }

void hold(std::string_view name) {
  mark(name);
  std::string line;
  std::getline(std::cin, line);
}

Crowd::Crowd(boost::asio::io_context& io, const std::vector<Person>& people, OnFrame on_frame)
    : io_(io), people_(people), on_frame_(std::move(on_frame)) {
  sockets_.reserve(people.size());
  for (std::size_t i = 0; i < people.size(); ++i) {
    sockets_.push_back(std::make_unique<Socket>(io, [this, i](std::string_view text) { on_frame_(i, text); }));
  }
}

Samples Crowd::sign_on(const boost::asio::ip::tcp::endpoint& where, std::size_t at_once) {
  Samples to_ready;
  auto later = std::move(on_frame_);
  on_frame_ = [this, &where, &to_ready](std::size_t person, std::string_view text) {
    if (text_field(text, "\"type\":") == "conversation") return;  // that it was made
    if (text_field(text, "\"type\":") != "ready") give_up("not ready: " + std::string(text));
    ++ready_;
    to_ready.add(Clock::now() - opened_at_[person]);
    open_next(where);
  };
  for (std::size_t i = 0; i < at_once; ++i) open_next(where);
  while (ready_ < people_.size()) {
    if (io_.run_one_for(std::chrono::seconds(30)) == 0) give_up("nobody signs on any more");
  }
  on_frame_ = std::move(later);
  return to_ready;
}

void Crowd::open_next(const boost::asio::ip::tcp::endpoint& where) {
  if (opened_ >= people_.size()) return;
  const auto next = opened_++;
  opened_at_.push_back(Clock::now());
  sockets_[next]->open(where, people_[next].token);
}

void Crowd::leave() {
  for (const auto& socket : sockets_) socket->close();
}

std::string_view text_field(std::string_view frame, std::string_view quoted_key) {
  const auto at = frame.find(quoted_key);
  if (at == std::string_view::npos) return {};
  const auto begin = at + quoted_key.size() + 1;
  return frame.substr(begin, frame.find('"', begin) - begin);
}

std::int64_t number_field(std::string_view frame, std::string_view quoted_key) {
  std::int64_t value = -1;
  const auto at = frame.find(quoted_key);
  if (at != std::string_view::npos)
    std::from_chars(frame.data() + at + quoted_key.size(), frame.data() + frame.size(), value);
  return value;
}

std::string send_frame(const std::string& conversation, std::string_view key, std::size_t bytes) {
  std::string frame = R"({"type":"msg.send","conversation_id":")";
  frame.append(conversation).append(R"(","client_msg_id":")").append(key).append(R"(","content":")");
  frame.append(bytes, 'x').append("\"}");
  return frame;
}

}  // namespace chat::bench
