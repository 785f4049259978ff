#pragma once
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <map>
#include <memory>
#include <string>

namespace chat::base {

// One registry a process. Names follow Prometheus: unit suffixes, `_total` for counters, few bounded labels (never a
// user or conversation). The references stay valid as long as the Metrics; asking twice for the same gives the same.
class Metrics {
 public:
  using Labels = std::map<std::string, std::string>;
  Metrics();
  prometheus::Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
  prometheus::Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  // Seconds, with buckets from 0.5 ms to 10 s.
  prometheus::Histogram& seconds(const std::string& name, const std::string& help, const Labels& labels = {});
  // The text exposition format, process_* (resident memory, CPU seconds, open files) included.
  [[nodiscard]] std::string text();

 private:
  std::shared_ptr<prometheus::Registry> registry_;  // shared: prometheus-cpp's own interface wants it so
};

}  // namespace chat::base
