#pragma once
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "operator/controllers/operator_loop.hpp"
#include "operator/kubernetes/client/cpprest_http.hpp"
#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/client/kinds.hpp"
#include "operator/kubernetes/control/event_recorder.hpp"
#include "operator/kubernetes/platform/kubernetes_platform.hpp"
#include "operator/kubernetes/platform/trim.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace chatop::kubernetes {

using chat::base::Json;
using chat::base::Result;
using chat::base::Status;
using chat::base::Task;

// Plays kubelet for a namespace without nodes: a Pod that appears gets an address and runs. Its Redis is a real one.
// What a shard holds outlives its Pods.
class Kubelet {
 public:
  struct Pod {
    std::string process_label;  // shard-0
    std::string component;
    std::string name;
  };
  Kubelet(Client& client, boost::asio::any_io_executor executor, std::string name_space)
      : client_(client), timer_(executor), name_space_(std::move(name_space)), tasks_(executor) {}
  void start() { tasks_.spawn("kubelet", run()); }
  Task<> stop() {
    stopping_ = true;
    timer_.cancel();
    (void)co_await tasks_.idle(std::chrono::steady_clock::time_point::max());
  }
  [[nodiscard]] const Pod* at(const std::string& ip) const {
    auto found = pods_.find(ip);
    return found == pods_.end() ? nullptr : &found->second;
  }
  std::string bad_image = "no-such-image";

 private:
  Task<> run() {
    while (!stopping_) {
      ListRequest request{kinds::kPod, name_space_, "", "", 250};
      const Keep whole = [](Json object) { return object; };
      auto listed = co_await client_.list(std::move(request), whole);
      std::map<std::string, Pod> living;
      if (listed) {
        for (auto& pod : listed->items) {
          if (text_at(pod, {"status", "podIP"}).empty()) co_await begin(pod);
          const auto ip = addresses_[text_at(pod, {"metadata", "uid"})];
          if (!ip.empty())
            living[ip] = {text_at(pod, {"metadata", "labels", objects::kProcessLabel}),
                          text_at(pod, {"metadata", "labels", objects::kComponentLabel}),
                          text_at(pod, {"metadata", "name"})};
        }
        pods_ = std::move(living);
      }
      (void)co_await chat::base::sleep_until(timer_, std::chrono::steady_clock::now() + std::chrono::milliseconds(100));
    }
  }
  static bool is_redis(const Json& pod) {
    return text_at(pod, {"metadata", "labels", objects::kComponentLabel}) == "redis";
  }
  Json status_of(const Json& pod) {
    const Json& container = pod["spec"]["containers"][0];
    const auto now = chat::base::rfc3339(chat::base::SystemClock().now_milliseconds()).substr(0, 19) + "Z";
    Json status = {{"name", container["name"]}, {"image", container["image"]}, {"imageID", ""}, {"restartCount", 0}};
    if (container["image"] == bad_image) {
      status["ready"] = false;
      status["state"]["waiting"] = {{"reason", "ImagePullBackOff"}, {"message", "Back-off pulling image"}};
      return {{"phase", "Pending"}, {"containerStatuses", Json::array({status})}};
    }
    auto& ip = addresses_[text_at(pod, {"metadata", "uid"})];
    ++number_;
    if (ip.empty()) ip = "127.90." + std::to_string(number_ / 200) + "." + std::to_string(number_ % 200 + 1);
    if (is_redis(pod)) ip = kRedisIp;
    status["ready"] = true;
    status["state"]["running"] = {{"startedAt", now}};
    Json conditions = Json::array();
    for (const char* type : {"PodScheduled", "Initialized", "ContainersReady", "Ready"})
      conditions.push_back({{"type", type}, {"status", "True"}, {"lastTransitionTime", now}});
    Json addresses = Json::array();
    addresses.push_back({{"ip", ip}});
    return {{"phase", "Running"},
            {"podIP", ip},
            {"podIPs", addresses},
            {"containerStatuses", Json::array({status})},
            {"conditions", conditions}};
  }
  Task<> begin(const Json& pod) {
    if (is_redis(pod)) {
      const bool runs = co_await begin_redis(pod);
      if (!runs) co_return;
    }
    Json patch;
    patch["status"] = status_of(pod);
    auto name = text_at(pod, {"metadata", "name"});
    ObjectRef place{kinds::kPod, name_space_, std::move(name)};
    (void)co_await client_.merge(std::move(place), std::move(patch), "status");
  }
  // With the password of now: an empty one a Pod.
  Task<bool> begin_redis(const Json& pod) {
    auto uid = text_at(pod, {"metadata", "uid"});
    if (uid == redis_uid_) co_return true;
    ListRequest request{kinds::kSecret, name_space_, "", "", 250};
    const Keep whole = [](Json object) { return object; };
    auto secrets = co_await client_.list(std::move(request), whole);
    if (!secrets) co_return false;
    std::string password;
    bool secure = false;
    for (const auto& secret : secrets->items) {
      if (auto found = objects::secret_value(secret, objects::kRedisPassword); !found.empty()) password = found;
      if (text_at(secret, {"metadata", "name"}) != "demo-tls") continue;
      secure = true;
      for (const char* key : {"tls.crt", "tls.key"}) files_.write(key, objects::secret_value(secret, key));
    }
    if (password.empty()) co_return false;
    launch_redis(password, secure);
    redis_uid_ = std::move(uid);
    co_return true;
  }
  void launch_redis(const std::string& password, bool secure) {
    std::vector<std::string> with{"--port", "6379"};
    if (secure)
      with = {"--port",
              "0",
              "--tls-port",
              "6379",
              "--tls-cert-file",
              (files_.path() / "tls.crt").string(),
              "--tls-key-file",
              (files_.path() / "tls.key").string(),
              "--tls-auth-clients",
              "no"};
    std::vector<std::string> arguments{"redis-server", "--bind", kRedisIp, "--save", "", "--requirepass", password};
    arguments.insert(arguments.end(), with.begin(), with.end());
    redis_.reset();
    redis_ = std::make_unique<chat::testing::ChildProcess>(chat::testing::ChildOptions{
        .arguments = std::move(arguments), .environment = {}, .log_file = {}, .directory = "/tmp", .user = {}});
  }
  static constexpr const char* kRedisIp = "127.90.200.1";
  Client& client_;
  boost::asio::steady_timer timer_;
  std::string name_space_;
  int number_ = 0;
  bool stopping_ = false;
  std::map<std::string, std::string> addresses_;  // by UID
  std::map<std::string, Pod> pods_;               // by address
  chat::testing::TempDir files_;
  std::unique_ptr<chat::testing::ChildProcess> redis_;
  std::string redis_uid_;  // of the Pod that it runs for
  chat::base::TaskGroup tasks_;
};

// Stand-ins for what runs in the Pods.
class StageDaemons final : public ports::DataPlane {
 public:
  explicit StageDaemons(const Kubelet& kubelet) : kubelet_(kubelet) {}
  Task<Result<ports::DaemonReport>> report(chat::base::HostPort admin, ports::AdminAccess access) override {
    const auto* pod = kubelet_.at(admin.host);
    if (pod == nullptr) co_return chat::base::fail(std::make_error_code(std::errc::timed_out), "no answer");
    tokens.insert(access.token);
    trust = access.trust;
    if (!their_token.empty() && access.token != their_token && access.earlier_token != their_token)
      co_return chat::base::fail(ports::DataPlaneErrc::refused, "it does not know the admin token");
    ports::DaemonReport report;
    report.ready = maps[admin.host] > 0;
    report.map_version = maps[admin.host];
    report.draining = draining.contains(admin.host);
    co_return report;
  }
  Task<Status> put_map(chat::base::HostPort admin, ports::AdminAccess, std::string map) override {
    maps[admin.host] = std::stoll(map.substr(map.find("\"version\":") + 10));
    last_map = std::move(map);
    co_return Status{};
  }
  Task<Status> drain(chat::base::HostPort admin, ports::AdminAccess, ports::DrainOrder) override {
    draining.insert(admin.host);
    if (const auto* pod = kubelet_.at(admin.host)) drained.push_back(pod->name);
    co_return Status{};
  }
  std::map<std::string, std::int64_t> maps;  // by address
  std::set<std::string> draining;
  std::vector<std::string> drained;
  std::string last_map;
  std::set<std::string> tokens;  // that they were shown
  std::string their_token;       // empty: any
  ports::Trust trust;            // of the last question

 private:
  const Kubelet& kubelet_;
};

class StageShards final : public ports::ShardAdmin {
 public:
  explicit StageShards(const Kubelet& kubelet) : kubelet_(kubelet) {}
  Task<Result<ports::ShardReport>> report(ports::ShardAccess access) override {
    const auto* pod = kubelet_.at(access.address.host);
    if (pod == nullptr) co_return chat::base::fail(ports::ShardErrc::unreachable, "no answer");
    passwords.insert(access.superuser_password);
    trust = access.trust;
    auto report = shards[pod->process_label];
    report.takes_writes = true;
    co_return report;
  }
  Task<Status> migrate(ports::ShardAccess access) override {
    if (const auto* pod = kubelet_.at(access.address.host)) shards[pod->process_label].migrated = true;
    co_return Status{};
  }
  Task<Status> restore_login(ports::ShardAccess) override { co_return Status{}; }
  Task<Status> own(ports::ShardAccess access, std::string shard, std::vector<ports::OwnedRange> ranges) override {
    if (const auto* pod = kubelet_.at(access.address.host)) {
      shards[pod->process_label].identity = std::move(shard);
      shards[pod->process_label].ranges = std::move(ranges);
    }
    co_return Status{};
  }
  std::map<std::string, ports::ShardReport> shards;  // what is on their volumes
  std::set<std::string> passwords;
  ports::Trust trust;

 private:
  const Kubelet& kubelet_;
};

// The wire, and which verbs went over it: "patch apps/deployments", as RBAC names them.
class RecordingHttp final : public Http {
 public:
  explicit RecordingHttp(Http& inner) : inner_(inner) {}
  Task<Result<Response>> send(Request request) override {
    auto verb = verb_of(request, false);
    auto answer = co_await inner_.send(request);
    if (answer) {
      used.insert(verb);
      // An apply that makes its object is judged twice.
      if (answer->status == 201 && request.method == "PATCH") used.insert("create" + verb.substr(verb.find(' ')));
      if (answer->status == 403) refused.push_back(verb + ": " + answer->body.substr(0, 300));
      if (request.method != "GET") ++writes[verb];
    }
    co_return answer;
  }
  Task<Result<std::unique_ptr<Stream>>> open(Request request, std::chrono::seconds idle) override {
    used.insert(verb_of(request, true));
    return inner_.open(std::move(request), idle);
  }
  void refresh_token() override { inner_.refresh_token(); }
  [[nodiscard]] int all_writes() const {
    int sum = 0;
    for (const auto& [verb, count] : writes) sum += count;
    return sum;
  }
  std::set<std::string> used;
  std::vector<std::string> refused;
  std::map<std::string, int> writes;

 private:
  // /api/v1/[namespaces/NS/]RESOURCE[/NAME[/SUB]] or /apis/GROUP/VERSION/…
  static std::string verb_of(const Request& request, bool watch) {
    std::vector<std::string> parts;
    std::istringstream in(request.target.substr(1, request.target.find('?') - 1));
    for (std::string part; std::getline(in, part, '/');) parts.push_back(part);
    std::size_t at = parts.at(0) == "api" ? 2 : 3;
    const std::string group = parts[0] == "api" ? "" : parts[1];
    if (parts.size() > at + 2 && parts[at] == "namespaces") at += 2;
    const std::string sub = parts.size() > at + 2 ? "/" + parts[at + 2] : "";
    const bool named = parts.size() > at + 1;
    std::string verb = request.method == "POST" ? "create" : request.method == "PUT" ? "update" : "patch";
    if (request.method == "DELETE") verb = "delete";
    if (request.method == "GET") verb = watch ? "watch" : named ? "get" : "list";
    return verb + " " + group + "/" + parts.at(at) + sub;
  }
  Http& inner_;
};

inline constexpr auto kSecretsEvery = std::chrono::seconds(2);

// One operator, without its main: everything between the wire and the stand-ins.
class StageOperator {
 public:
  StageOperator(boost::asio::io_context& io, const chat::base::Log& log, Access access, const std::string& name_space,
                ports::DataPlane& daemons, ports::ShardAdmin& shards)
      : wire(io.get_executor(), std::move(access), clock),
        http(wire),
        client(http, clock, io.get_executor(), options()),
        events(client, clock, io.get_executor(), "stage", log),
        caches(client, io.get_executor(), name_space, log),
        store({client, events, log, [this] { return caches.synced(); }, [this] { loop.wake(); }}, io.get_executor(),
              name_space),
        keys(io.get_executor(), 1),
        kubernetes{io.get_executor(),  log,   clock,     client,       caches, store, pool, keys,
                   "chatcluster:test", "1.0", "default", kSecretsEvery},
        environment{io.get_executor(),
                    log,
                    metrics,
                    clock,
                    store,
                    daemons,
                    shards,
                    [this](const std::string& key, std::function<void()> changed) {
                      return std::make_unique<KubernetesPlatform>(kubernetes, key, std::move(changed));
                    },
                    "1.0"},
        loop(environment),
        tasks(io.get_executor()) {
    environment.may_act = [this] { return alive; };
    caches.start([this] { loop.wake(); });
    store.start();
    tasks.spawn("events", events.run());
    tasks.spawn("loop", loop.run());
  }
  // As SIGTERM.
  Task<> stop() {
    co_await loop.close(std::chrono::steady_clock::now() + std::chrono::seconds(10));
    events.stop();
    (void)co_await tasks.idle(std::chrono::steady_clock::time_point::max());
    co_await store.stop();
    co_await caches.stop();
  }
  // As SIGKILL: from now on nothing of it reaches anything.
  void kill() { alive = false; }

  chat::base::SystemClock clock;
  chat::base::Metrics metrics;
  bool alive = true;
  CpprestHttp wire;
  RecordingHttp http;
  Client client;
  EventRecorder events;
  Caches caches;
  KubernetesStore store;
  chat::base::BlockingPool pool{"stage", 2, 100};
  chat::base::Turns keys;
  KubernetesEnvironment kubernetes;
  controllers::Environment environment;
  controllers::OperatorLoop loop;
  chat::base::TaskGroup tasks;

 private:
  Client::Options options() {
    Client::Options options;
    options.writes_until = [this] {
      return alive ? std::chrono::steady_clock::time_point::max() : std::chrono::steady_clock::time_point::min();
    };
    return options;
  }
};

}  // namespace chatop::kubernetes
