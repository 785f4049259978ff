// The load tool: people of a ChatCluster in local mode. tests/bench/run starts it and adds what the servers used.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <boost/asio/ip/address.hpp>
#include <iostream>
#include <map>

#include "tests/bench/load/cases.hpp"

namespace {

void allow_many_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int run(int argc, char** argv) {
  using namespace chat::bench;
  Options options;
  std::string name;
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  CLI::App app{"Puts load on a ChatCluster in local mode and checks that every message arrives once and in order."};
  const std::map<std::string, chat::base::Json (*)(const Options&)> cases = {
      {"idle", run_idle}, {"pairs", run_pairs}, {"group", run_group}, {"bare", run_bare}};
  app.add_option("case", name, "idle, pairs, group or bare")->required();
  app.add_option("--cluster", options.cluster, "the cluster's folder: DIR/clusters/NAME");
  app.add_option("--host", host, "of the gateway");
  app.add_option("--port", port, "of the gateway")->required();
  app.add_option("--people", options.people)->required();
  app.add_option("--at-once", options.at_once, "who sign on at a time");
  app.add_option("--outstanding", options.outstanding, "messages under way of each sender");
  app.add_option("--bytes", options.bytes, "of each text; bare: of each frame");
  app.add_option("--rate", options.rate, "messages a second, evenly; 0: each sender goes on when it got its ack");
  app.add_option("--warmup", options.warmup, "seconds");
  app.add_option("--seconds", options.seconds);
  CLI11_PARSE(app, argc, argv);
  const auto chosen = cases.find(name);
  if (chosen == cases.end()) give_up("there is no case " + name);
  options.where = {boost::asio::ip::make_address(host), port};
  allow_many_files();
  std::cout << chat::base::Json{{"result", chosen->second(options)}}.dump() << std::endl;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& exception) {
    chat::bench::give_up(exception.what());
  }
}
