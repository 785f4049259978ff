#include "operator/kubernetes/platform/external_reader.hpp"

#include <utility>

#include "operator/kubernetes/client/kinds.hpp"
#include "operator/kubernetes/platform/act_errors.hpp"

namespace chatop::kubernetes {

using chat::base::Json;
using chat::base::Result;
using chat::base::Status;
using chat::base::Task;
using ports::PlatformErrc;

namespace {

constexpr auto kEvery = std::chrono::seconds(5);

// What keys and passwords differ in counts too, and is not shown.
std::string all_of(const ExternalServers& servers) {
  auto text = shown(for_objects(servers));
  for (const auto& shard : servers.shards)
    text +=
        "\n" + shard.address.host + ":" + std::to_string(shard.address.port) + " " + shard.user + " " + shard.password;
  return servers.redis ? text + "\n" + servers.redis->password : text;
}

ports::Finding finding_of(const chat::base::Error& error) {
  return {error.code == PlatformErrc::secret_missing ? "SecretMissing" : "NeedsAttention",
          error.message + "; until then what was read before counts"};
}

}  // namespace

ExternalReader::ExternalReader(Parts parts, const boost::asio::any_io_executor& executor)
    : parts_(std::move(parts)), alarm_(executor), tasks_(executor) {}

Task<Result<Json>> ExternalReader::get(std::string secret, const char* field) {
  ObjectRef place{kinds::kSecret, parts_.name_space, secret};
  auto found = co_await parts_.client.get(std::move(place));
  if (found) co_return std::move(*found);
  if (found.error().code == ApiErrc::not_found)
    co_return chat::base::fail(PlatformErrc::secret_missing, "the Secret " + secret + ", which " + field +
                                                                 " names, is not there: make it in this "
                                                                 "namespace (kubectl explain chatcluster." +
                                                                 field + " tells its keys)");
  co_return chat::base::fail(failed(found.error()).error());
}

Task<Result<ExternalServers>> ExternalReader::read_all(Wanted wanted) {
  const auto& shards = wanted.spec.shards.external;
  if (wanted.shards != 0 && !shards.empty() && wanted.shards != shards.size())
    co_return chat::base::fail(PlatformErrc::person,
                               "spec.shards.external names " + std::to_string(shards.size()) +
                                   " shards, and the messages are divided between " + std::to_string(wanted.shards) +
                                   ": put the list back; shards are added by splitting one, which this version does "
                                   "not do");
  ExternalServers servers;
  for (auto& name : shard_secrets(wanted.spec.shards)) {
    auto secret = co_await get(std::move(name), "spec.shards.external");
    if (!secret) co_return chat::base::fail(secret.error());
    auto server = external_postgres(*secret);
    if (!server) co_return chat::base::fail(server.error());
    servers.shards.push_back(std::move(*server));
  }
  if (wanted.spec.redis.external) {
    auto secret = co_await get(wanted.spec.redis.external->secret_name, "spec.redis.external");
    if (!secret) co_return chat::base::fail(secret.error());
    auto server = external_redis(*secret);
    if (!server) co_return chat::base::fail(server.error());
    servers.redis = std::move(*server);
  }
  if (auto fit = fit_together(servers); !fit) co_return chat::base::fail(fit.error());
  co_return servers;
}

Task<Status> ExternalReader::read() {
  auto wanted = parts_.wanted();
  if (!wanted) co_return Status{};
  auto read = co_await read_all(std::move(*wanted));
  if (!read && read.error().code == PlatformErrc::later) co_return chat::base::fail(read.error());
  auto findings = std::exchange(findings_, {});
  if (!read) {
    if (servers_) findings_.push_back(finding_of(read.error()));
    if (findings != findings_) parts_.changed();
    co_return chat::base::fail(read.error());
  }
  if (!servers_ || all_of(*servers_) != all_of(*read) || findings != findings_) {
    servers_ = std::move(*read);
    parts_.changed();
  }
  co_return Status{};
}

void ExternalReader::follow() {
  if (!std::exchange(follows_, true)) tasks_.spawn("read the Secrets of external servers", run());
}

Task<> ExternalReader::run() {
  while (!stopping_ && parts_.wanted()) {
    const auto due = std::chrono::steady_clock::now() + kEvery;
    (void)co_await chat::base::sleep_until(alarm_, due);
    if (!stopping_) (void)co_await read();
  }
  follows_ = false;
  if (!stopping_) servers_.reset();
  if (!stopping_) findings_.clear();
}

Task<> ExternalReader::stop() {
  stopping_ = true;
  alarm_.cancel();
  (void)co_await tasks_.idle(std::chrono::steady_clock::time_point::max());
}

const ExternalServers* ExternalReader::servers(const api::ChatClusterSpec& spec) const {
  if (!servers_ || servers_->redis.has_value() != spec.redis.external.has_value()) return nullptr;
  return servers_->shards.empty() == spec.shards.external.empty() ? &*servers_ : nullptr;
}

}  // namespace chatop::kubernetes
