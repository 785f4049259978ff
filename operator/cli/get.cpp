#include <ostream>

#include "operator/api/write.hpp"
#include "operator/cli/age.hpp"
#include "operator/cli/documents.hpp"
#include "operator/cli/summary.hpp"
#include "operator/cli/table.hpp"
#include "operator/cli/verbs.hpp"

namespace chatop::cli {
namespace {

std::string of(std::int64_t ready, std::int64_t desired) {
  return std::to_string(ready) + "/" + std::to_string(desired);
}

std::vector<std::string> row(const ports::StoredCluster& stored, bool wide, std::int64_t now) {
  const auto& cluster = stored.cluster;
  const auto& status = cluster.status;
  std::size_t serving = 0;
  for (const auto& shard : status.shards) serving += shard.state == api::ShardState::Serving && !shard.primary.empty();
  const auto shard_count =
      status.shards.empty() ? static_cast<std::size_t>(cluster.spec.shards.initial) : status.shards.size();
  std::vector<std::string> cells{cluster.metadata.name,
                                 stored.deleting ? "Deleting" : readiness(cluster),
                                 of(status.gateways.ready, status.gateways.desired),
                                 std::to_string(status.gateways.connections),
                                 std::to_string(serving) + "/" + std::to_string(shard_count),
                                 age(cluster.metadata.creation_timestamp, now)};
  if (!wide) return cells;
  for (const auto& role : {status.messages, status.api, status.workers}) cells.push_back(of(role.ready, role.desired));
  cells.push_back(std::to_string(status.map_version));
  for (const auto& endpoint : {status.endpoints.api, status.endpoints.websocket})
    cells.push_back(endpoint.empty() ? "-" : endpoint);
  return cells;
}

int print_table(Session& session, const std::vector<ports::StoredCluster>& all, bool wide) {
  std::vector<std::string> head{"NAME", "READY", "GATEWAYS", "CONNECTIONS", "SHARDS", "AGE"};
  if (wide)
    for (auto column : {"MESSAGES", "API", "WORKERS", "MAP", "API ENDPOINT", "WEBSOCKET"}) head.emplace_back(column);
  Table table(std::move(head));
  for (const auto& stored : all) table.row(row(stored, wide, session.now_milliseconds));
  session.out << table.text();
  return kDone;
}

int print(Session& session, const api::OrderedJson& value, Output output) {
  session.out << (output == Output::Json ? api::json_text(value) : api::to_yaml(value));
  return kDone;
}

int get_all(Session& session, Output output) {
  auto listing = session.site.list();
  if (!listing) return failed(session, listing.error());
  const auto& all = listing->items;
  int code = kDone;
  for (const auto& error : listing->unreadable) code = failed(session, error);
  if (output == Output::Json || output == Output::Yaml) {
    api::OrderedJson list = {{"apiVersion", api::kApiVersion}, {"kind", "ChatClusterList"}};
    list["items"] = api::OrderedJson::array();
    for (const auto& stored : all) list["items"].push_back(api::to_json(stored.cluster, api::Part::WithStatus));
    print(session, list, output);
  } else if (all.empty()) {
    if (code == kDone)
      session.err << "no ChatCluster in " << session.site.where() << ": make one with " << session.command
                  << (session.machine ? " up FILE" : " apply -f FILE") << std::endl;
  } else {
    print_table(session, all, output == Output::Wide);
  }
  return code;
}

}  // namespace

int get(Session& session, const GetOptions& options) {
  if (options.kind == Kind::operation) return get_operations(session, options);
  if (options.name.empty()) return get_all(session, options.output);
  auto stored = find_cluster(session, options.name);
  if (!stored) return kFailed;
  if (options.output == Output::Json || options.output == Output::Yaml)
    return print(session, api::to_json(stored->cluster, api::Part::WithStatus), options.output);
  return print_table(session, {*stored}, options.output == Output::Wide);
}

}  // namespace chatop::cli
