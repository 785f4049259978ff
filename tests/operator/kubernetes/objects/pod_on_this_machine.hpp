#pragma once
#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/operator/kubernetes/objects/samples.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/temp_dir.hpp"

namespace chatop::kubernetes::objects {

// The commands of a workload's containers, with its files mounted, on this machine: a Pod's paths become those of a
// temporary folder, its port a free one, its user one of this machine.
class PodOnThisMachine {
 public:
  PodOnThisMachine(const char* sample, ports::Role role, std::string user)
      : inputs_(inputs_of(sample)), user_(::geteuid() == 0 ? std::move(user) : std::string()) {
    replacements_ = {{"/var/lib/postgresql/data", (dir_.path() / "volume").string()},
                     {"/etc/chatcluster", (dir_.path() / "etc").string()},
                     {"dir /tmp", "dir " + dir_.path().string()},
                     {std::to_string(service_port(role)), std::to_string(port_)}};
    spec_ = Json::parse(here(workload(inputs_, role).at("spec").at("template").at("spec").dump()));
    for (const char* folder : {"etc/config", "etc/secrets", "etc/internal-tls", "volume"})
      std::filesystem::create_directories(dir_.path() / folder);
    for (const auto& object : base_objects(inputs_)) {
      if (object.at("kind") != "ConfigMap") continue;
      if (object.at("metadata").at("name") != workload_name(inputs_.cluster, role)) continue;
      for (const auto& [name, text] : object.at("data").items())
        dir_.write("etc/config/" + name, here(text.get<std::string>()));
    }
    const auto secret = secrets(inputs_, secret_values()).front();
    for (const auto& [name, value] : secret.at("data").items())
      dir_.write("etc/secrets/" + name, secret_value(secret, name));
    if (inputs_.internal_tls) make_certificates();
    if (!user_.empty()) must({"chown", "-R", user_, "volume", "etc/internal-tls"});
  }

  // Exit code of a container's command, or of a probe: a list of words.
  int run(const Json& command) {
    chat::testing::ChildProcess process(options(command.get<std::vector<std::string>>(), user_));
    return process.wait(kLongest).value_or(-1);
  }
  std::unique_ptr<chat::testing::ChildProcess> start(const Json& command) {
    return std::make_unique<chat::testing::ChildProcess>(options(command.get<std::vector<std::string>>(), user_));
  }
  [[nodiscard]] const Json& initialiser() const { return spec_.at("initContainers").at(0); }
  [[nodiscard]] const Json& server() const { return spec_.at("containers").at(0); }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::filesystem::path ca() const { return dir_.path() / "etc/internal-tls/ca.crt"; }
  [[nodiscard]] std::filesystem::path volume() const { return dir_.path() / "volume"; }
  [[nodiscard]] std::string log() const {
    std::ifstream in(dir_.path() / "log");
    return {std::istreambuf_iterator<char>(in), {}};
  }

  static constexpr std::chrono::seconds kLongest{60};

 private:
  void must(std::vector<std::string> command) {
    const auto words = command.front();
    chat::testing::ChildProcess process(options(std::move(command), ""));
    if (process.wait(kLongest) != 0) throw std::runtime_error(words + ": " + log());
  }
  // What the operator would make: a CA, and one certificate of it for all.
  void make_certificates() {
    std::string names;
    for (const auto& host : tls_hosts(inputs_.cluster, inputs_.name_space))
      names += (names.empty() ? "subjectAltName=DNS:" : ",DNS:") + host;
    must({"sh", "-euc",
          "cd etc/internal-tls && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=ca "
          "-keyout ca.key -out ca.crt -days 1 && openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
          "-subj /CN=part -keyout tls.key -out request && echo '" +
              names +
              "' >extensions && openssl x509 -req "
              "-in request -CA ca.crt -CAkey ca.key -CAcreateserial -days 1 -extfile extensions -out tls.crt && "
              "chmod 600 tls.key"});
  }
  [[nodiscard]] std::string here(std::string text) const {
    for (const auto& [from, to] : replacements_)
      for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
    return text;
  }
  [[nodiscard]] chat::testing::ChildOptions options(std::vector<std::string> command, std::string user) const {
    return {.arguments = std::move(command),
            .environment = {{"HOME", dir_.path().string()}},
            .log_file = dir_.path() / "log",
            .directory = dir_.path(),
            .user = std::move(user)};
  }

  chat::testing::TempDir dir_;
  Inputs inputs_;
  std::uint16_t port_ = chat::testing::free_port();
  std::string user_;
  std::vector<std::pair<std::string, std::string>> replacements_;
  Json spec_;
};

}  // namespace chatop::kubernetes::objects
