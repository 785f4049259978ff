#include "dataplane/apps/daemon/arguments.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/ip/address.hpp>

namespace chat::apps {
namespace {

constexpr int kBadUsage = 2;

}  // namespace

Arguments parse_arguments(int argc, const char* const* argv, std::string_view role) {
  Arguments arguments;
  CLI::App app{"chat-" + std::string(role) + ", a daemon of chatcluster"};
  app.set_version_flag("--version", CHATCLUSTER_VERSION);
  app.add_option("--config", arguments.config, "the daemon's YAML configuration")->required();
  app.add_option("--name", arguments.name, "in place of the configuration's name");
  app.add_option("--pod-ip", arguments.pod_ip,
                 "the Pod's address: listen on every address of its family, in place of the configuration's hosts");
  app.add_option("--redis", arguments.redis, "HOST:PORT, in place of the configuration's redis");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    arguments.exit_status = app.exit(error) == 0 ? 0 : kBadUsage;
  }
  return arguments;
}

base::Result<base::DaemonConfig> apply(const Arguments& arguments, base::DaemonConfig config) {
  if (!arguments.name.empty()) config.name = arguments.name;
  if (!arguments.pod_ip.empty()) {
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(arguments.pod_ip, error);
    if (error)
      return base::fail(base::ConfigErrc::invalid, "--pod-ip " + arguments.pod_ip + " is no address: write 10.0.0.7");
    config.listen.host = config.admin.host = address.is_v6() ? "::" : "0.0.0.0";
  }
  if (!arguments.redis.empty()) {
    auto redis = base::parse_host_port(arguments.redis);
    if (!redis) return base::fail(base::ConfigErrc::invalid, "--redis " + redis.error().message);
    config.redis = *redis;
  }
  return config;
}

}  // namespace chat::apps
