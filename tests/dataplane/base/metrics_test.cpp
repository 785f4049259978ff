#include "dataplane/base/metrics.hpp"

#include <gmock/gmock.h>

namespace chat::base {
namespace {

using ::testing::HasSubstr;

TEST(Metrics, WritesThePrometheusText) {
  Metrics metrics;
  metrics.counter("chat_messages_sent_total", "Messages.", {{"result", "ok"}}).Increment(3);
  metrics.gauge("chat_gateway_connections", "Connections.").Set(7);
  metrics.seconds("chat_send_seconds", "Time to send.").Observe(0.003);
  auto text = metrics.text();
  EXPECT_THAT(text, HasSubstr("# TYPE chat_messages_sent_total counter\nchat_messages_sent_total{result=\"ok\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE chat_gateway_connections gauge\nchat_gateway_connections 7\n"));
  EXPECT_THAT(text, HasSubstr("chat_send_seconds_bucket{le=\"0.0025\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("chat_send_seconds_bucket{le=\"0.005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("chat_send_seconds_count 1\n"));
}

TEST(Metrics, SameNameAndLabelsIsTheSameMetric) {
  Metrics metrics;
  auto& first = metrics.counter("a_total", "A.", {{"l", "1"}});
  EXPECT_EQ(&first, &metrics.counter("a_total", "A.", {{"l", "1"}}));
  EXPECT_NE(&first, &metrics.counter("a_total", "A.", {{"l", "2"}}));
  EXPECT_EQ(&metrics.seconds("s_seconds", "S."), &metrics.seconds("s_seconds", "S."));
}

double value_of(const std::string& text, const std::string& name) {
  auto at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

TEST(Metrics, SaysWhatTheProcessUses) {
  Metrics metrics;
  auto text = metrics.text();
  EXPECT_GT(value_of(text, "process_resident_memory_bytes"), 1e6);
  EXPECT_GE(value_of(text, "process_cpu_seconds_total"), 0);
  EXPECT_GE(value_of(text, "process_open_fds"), 3);
  auto now = static_cast<double>(time(nullptr));
  EXPECT_NEAR(value_of(text, "process_start_time_seconds"), now, 600);
}

}  // namespace
}  // namespace chat::base
