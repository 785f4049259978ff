#pragma once
#include <deque>
#include <functional>
#include <vector>

#include "operator/kubernetes/client/http.hpp"

namespace chatop::kubernetes {

// A wire whose other end is a test: it decides what each request is answered, and remembers them all. One thread.
class ScriptedHttp final : public Http {
 public:
  // What a stream brings, one part a read; then it is silent until it is cancelled, or ends where `ends` says so.
  struct Script {
    std::deque<chat::base::Result<std::string>> parts;
    bool ends = true;
  };
  std::function<chat::base::Result<Response>(const Request&)> on_send;
  std::function<chat::base::Result<Script>(const Request&)> on_open;
  std::vector<Request> requests;
  int refreshed = 0;

  explicit ScriptedHttp(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

  chat::base::Task<chat::base::Result<Response>> send(Request request) override {
    requests.push_back(request);
    co_return on_send(request);
  }
  chat::base::Task<chat::base::Result<std::unique_ptr<Stream>>> open(Request request, std::chrono::seconds) override {
    requests.push_back(request);
    auto script = on_open(request);
    if (!script) co_return chat::base::fail(script.error());
    std::unique_ptr<Stream> stream = std::make_unique<Played>(executor_, std::move(*script));
    co_return stream;
  }
  void refresh_token() override { ++refreshed; }

  static Response answer(int status, std::string body = "{}") { return {status, std::move(body), ""}; }

 private:
  class Played final : public Stream {
   public:
    Played(const boost::asio::any_io_executor& executor, Script script)
        : timer_(executor), script_(std::move(script)) {}
    chat::base::Task<chat::base::Result<std::string>> read() override {
      if (!script_.parts.empty()) {
        auto part = std::move(script_.parts.front());
        script_.parts.pop_front();
        co_return part;
      }
      if (script_.ends) co_return std::string();
      while (!cancelled_) co_await chat::base::sleep_until(timer_, chat::base::SteadyTime::max());
      co_return chat::base::fail(ApiErrc::unreachable, "cancelled");
    }
    void cancel() override {
      cancelled_ = true;
      timer_.cancel();
    }

   private:
    boost::asio::steady_timer timer_;
    Script script_;
    bool cancelled_ = false;
  };
  boost::asio::any_io_executor executor_;
};

}  // namespace chatop::kubernetes
