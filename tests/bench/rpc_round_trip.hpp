#pragma once
#include <sys/resource.h>

#include <chrono>
#include <cstdint>

#include "dataplane/protocol/message_path.pb.h"

namespace chat::bench {

struct Cost {
  double cpu_microseconds = 0;  // of this process, so of both sides, for each round trip
  double wall_microseconds = 0;
};

// The CPU and wall time of everything between construction and per().
class Meter {
 public:
  [[nodiscard]] Cost per(int round_trips) const {
    const auto wall = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begun_).count();
    return {(cpu() - cpu_) / round_trips, wall / round_trips};
  }

 private:
  static double cpu() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    auto micro = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
    };
    return micro(usage.ru_utime) + micro(usage.ru_stime);
  }
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  double cpu_ = cpu();
};

// What is asked and answered: a message of 100 characters and its acknowledgement.
pb::Request make_request();
void fill_reply(pb::Reply& reply);

// Each makes `warm_up` round trips, then measures `round_trips`, one in flight at a time: batches of one.
Cost measure_io_rpc(int warm_up, int round_trips);
Cost measure_grpc(int warm_up, int round_trips);

}  // namespace chat::bench
