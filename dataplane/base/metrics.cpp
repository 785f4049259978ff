#include "dataplane/base/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>
#include <vector>

namespace chat::base {
namespace {

const prometheus::Histogram::BucketBoundaries& latency_buckets() {
  static const prometheus::Histogram::BucketBoundaries buckets{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                               0.1,    0.25,  0.5,    1.0,   2.5,  5.0,   10.0};
  return buckets;
}

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double total_pages = 0;
  double resident_pages = 0;
  file >> total_pages >> resident_pages;
  return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double cpu_seconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

double open_files() {
  std::error_code error;
  std::filesystem::directory_iterator files("/proc/self/fd", error);
  if (error) return 0;
  return static_cast<double>(std::distance(begin(files), end(files))) - 1;  // without the one that lists
}

double start_time_seconds() {
  // Field 22 of stat is in ticks since boot; the name in field 2 may hold spaces, so fields are counted after its ")".
  std::ifstream stat("/proc/self/stat");
  std::string line((std::istreambuf_iterator<char>(stat)), std::istreambuf_iterator<char>());
  auto after_name = line.rfind(')');
  if (after_name == std::string::npos) return 0;
  std::istringstream fields(line.substr(after_name + 1));
  std::string skipped;
  for (int field = 3; field < 22; ++field) fields >> skipped;
  double ticks = 0;
  fields >> ticks;
  timespec boot{};
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &boot);
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<double>(now.tv_sec - boot.tv_sec) + ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

prometheus::MetricFamily family(const std::string& name, const std::string& help, prometheus::MetricType type,
                                double value) {
  prometheus::ClientMetric metric;
  metric.counter.value = value;
  metric.gauge.value = value;
  return {name, help, type, {metric}};
}

void add_process_families(std::vector<prometheus::MetricFamily>& families) {
  using prometheus::MetricType;
  families.push_back(
      family("process_resident_memory_bytes", "Resident memory size in bytes.", MetricType::Gauge, resident_bytes()));
  families.push_back(family("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
                            MetricType::Counter, cpu_seconds()));
  families.push_back(family("process_open_fds", "Number of open file descriptors.", MetricType::Gauge, open_files()));
  static const double started = start_time_seconds();
  families.push_back(family("process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
                            MetricType::Gauge, started));
}

}  // namespace

Metrics::Metrics() : registry_(std::make_shared<prometheus::Registry>()) {}

prometheus::Counter& Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(*registry_).Add(labels);
}

prometheus::Gauge& Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(*registry_).Add(labels);
}

prometheus::Histogram& Metrics::seconds(const std::string& name, const std::string& help, const Labels& labels) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(*registry_).Add(labels, latency_buckets());
}

std::string Metrics::text() {
  auto families = registry_->Collect();
  add_process_families(families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace chat::base
