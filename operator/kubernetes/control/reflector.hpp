#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <random>

#include "dataplane/base/log.hpp"
#include "operator/kubernetes/client/client.hpp"
#include "operator/kubernetes/control/cache.hpp"

namespace chatop::kubernetes {

// What follows the end of a watch. `failed` is the error that ended it; none: the server closed it in order. Pure.
struct AfterWatch {
  bool list_again = false;  // its place is too old
  std::chrono::milliseconds wait{0};
};
[[nodiscard]] AfterWatch after_watch(const chat::base::Error* failed, unsigned failures, double jitter);

// Keeps a cache of what is on the server: lists once, then watches from there, opens the next watch where one ends, and
// lists again only when the server has forgotten the place. While nothing can be read the cache stays as it was.
class Reflector {
 public:
  struct Options {
    Keep keep;
    std::function<void(const Change&)> changed;  // after the cache has it; on the loop
    std::function<void()> listed = {};           // after a complete list, and its changes
    double patience = 1.0;                       // as Client::Options
  };
  Reflector(Client& client, boost::asio::any_io_executor executor, ListRequest request, Options options,
            const chat::base::Log& log);

  // Until stop(). Belongs into a TaskGroup that is awaited before this goes.
  chat::base::Task<> run();
  void stop();

  [[nodiscard]] const Cache& cache() const { return cache_; }

  struct Counts {
    std::uint64_t lists = 0;    // that were complete
    std::uint64_t watches = 0;  // that began
    std::uint64_t failures = 0;
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  chat::base::Task<bool> list();
  chat::base::Task<std::optional<chat::base::Error>> watch();
  chat::base::Task<> pause(std::chrono::milliseconds wait);
  void tell(const std::vector<Change>& changes);
  [[nodiscard]] double jitter() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  Client& client_;
  boost::asio::steady_timer timer_;
  ListRequest request_;
  Options options_;
  const chat::base::Log& log_;
  std::mt19937 random_;
  Cache cache_;
  Counts counts_;
  std::string resource_version_;   // empty: list first
  unsigned failures_ = 0;          // in a row
  WatchStream* stream_ = nullptr;  // while one is read: what stop() cancels
  bool stopping_ = false;
};

}  // namespace chatop::kubernetes
