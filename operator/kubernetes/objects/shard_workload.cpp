// PostgreSQL, one StatefulSet a shard.
#include "operator/api/quantity.hpp"
#include "operator/kubernetes/objects/configurations.hpp"
#include "operator/kubernetes/objects/names.hpp"
#include "operator/kubernetes/objects/pod_parts.hpp"
#include "operator/kubernetes/objects/workloads.hpp"
#include "operator/settings/backend_settings.hpp"

namespace chatop::kubernetes::objects {

using ports::Role;

namespace {

constexpr std::string_view kPrograms = "/usr/lib/postgresql/15/bin";
constexpr std::string_view kVolumeFolder = "/var/lib/postgresql/data";
// A fast shutdown writes a checkpoint.
constexpr int kStopSeconds = 120;
constexpr int kKeptRevisions = 2;
// Crash recovery of a large database takes its time.
constexpr int kStartSeconds = 3600;

// Held by every process of a server, and on the way to one. A Pod that was deleted by force is gone from the API server
// while its server may still run, and PostgreSQL's own lock knows processes of its own container only.
std::string lock() { return std::string(kVolumeFolder) + "/in-use"; }

std::string data() { return std::string(kPostgresData); }
std::string program(std::string_view name) { return std::string(kPrograms) + "/" + std::string(name); }

// Renamed when whole; half of one is made again.
std::string initialise() {
  std::string script = "set -eu\nexec 9>" + lock() + "\nflock 9\ndata=" + data() + "\n";
  script += "if [ -e \"$data/PG_VERSION\" ]; then exit 0; fi\n";
  script +=
      "if [ -e \"$data\" ]; then echo \"$data is there and holds no database: look what it is\" >&2; exit 1; fi\n";
  script += "rm -rf \"$data.new\"\n";
  script += program("initdb") + " -D \"$data.new\"";
  for (const auto& option : settings::initdb_options(std::string(kSecretsFolder) + "/" + kPostgresSuperuserPassword))
    script += " " + option;
  return script + "\nsync -f \"$data.new\"\nmv -T \"$data.new\" \"$data\"\nsync -f \"$data\"\n";
}

std::vector<std::string> asked() {
  return {program("pg_isready"),
          "-q",
          "-h",
          "127.0.0.1",
          "-p",
          std::to_string(kPostgresPort),
          "-U",
          "postgres",
          "-d",
          "postgres",
          "-t",
          "4"};
}

// 1: it refuses connections, because it starts, recovers or stops. It lives.
std::vector<std::string> lives() {
  std::string script;
  for (const auto& word : asked()) script += word + " ";
  return {"/bin/sh", "-c", script + "|| [ $? -eq 1 ]"};
}

Json initialiser(const Inputs& inputs) {
  auto made = container(inputs, "initdb", {"/bin/sh", "-c", initialise()});
  made["resources"] = requests("200m", "512Mi");
  made["volumeMounts"] = Json::array(
      {writable_mount("data", kVolumeFolder), mount("secrets", kSecretsFolder), writable_mount("tmp", "/tmp")});
  return made;
}

Json server(const Inputs& inputs) {
  auto made = container(inputs, "postgres",
                        {"/usr/bin/flock", "--no-fork", lock(), program("postgres"), "-D", data(), "-c",
                         "config_file=" + std::string(kConfigFolder) + "/" + kPostgresFile});
  made["ports"] = Json::array({{{"name", "postgres"}, {"containerPort", kPostgresPort}}});
  made["resources"] = requests("200m", "512Mi");
  made["volumeMounts"] = Json::array({writable_mount("data", kVolumeFolder), mount("config", kConfigFolder),
                                      writable_mount("tmp", "/tmp"), writable_mount("shm", "/dev/shm")});
  made["startupProbe"] = exec_probe(asked(), 1, kStartSeconds);
  made["livenessProbe"] = exec_probe(lives(), 10, 3);
  made["readinessProbe"] = exec_probe(asked(), 5, 2);
  // SIGTERM, kubelet's word, would wait for every client to leave; after this one it changes nothing. Told, not
  // awaited: the container ends with its server, and what waits inside it would be killed.
  made["lifecycle"]["preStop"]["exec"]["command"] = {program("pg_ctl"), "stop", "-D", data(), "-m", "fast", "-W"};
  return made;
}

// Away from the other shards where there is room.
Json apart(const Json& labels) {
  Json term = {{"topologyKey", "kubernetes.io/hostname"}, {"labelSelector", {{"matchLabels", labels}}}};
  Json weighted = {{"weight", 100}, {"podAffinityTerm", std::move(term)}};
  return {{"podAntiAffinity", {{"preferredDuringSchedulingIgnoredDuringExecution", Json::array({weighted})}}}};
}

Json claim(const Inputs& inputs) {
  const auto& storage = inputs.spec.shards.storage;
  Json made = {
      {"apiVersion", "v1"},
      {"kind", "PersistentVolumeClaim"},
      {"metadata", {{"name", "data"}, {"labels", selector(inputs.cluster, Role::shard)}}},
      {"spec",
       {{"accessModes", {"ReadWriteOnce"}}, {"resources", {{"requests", {{"storage", api::text(storage.size)}}}}}}}};
  if (!storage.storage_class_name.empty()) made["spec"]["storageClassName"] = storage.storage_class_name;
  return made;
}

}  // namespace

Json claim_growth(const Inputs& inputs) {
  return {{"spec", {{"resources", {{"requests", {{"storage", api::text(inputs.spec.shards.storage.size)}}}}}}}};
}

Json shard_set(const Inputs& inputs, int ordinal) {
  const auto name = workload_name(inputs.cluster, Role::shard, ordinal);
  auto own = labels(inputs.cluster, Role::shard);
  own[kProcessLabel] = ports::process_name(Role::shard, ordinal);
  auto mine = selector(inputs.cluster, Role::shard);
  mine[kProcessLabel] = own[kProcessLabel];
  const auto all = selector(inputs.cluster, Role::shard);
  auto postgres = server(inputs);
  auto volumes = Json::array({config_map_volume("config", name),
                              secret_volume("secrets", secrets_name(inputs.cluster), {kPostgresSuperuserPassword}),
                              scratch_volume("tmp", "256Mi"), memory_volume("shm", "256Mi")});
  add_internal_tls(inputs, volumes, postgres);
  auto pod = pod_template(inputs, {.role = Role::shard,
                                   .labels = own,
                                   .configuration = postgres_text(inputs) + access_text(inputs),
                                   .grace_seconds = kStopSeconds,
                                   .containers = Json::array({std::move(postgres)}),
                                   .init_containers = Json::array({initialiser(inputs)}),
                                   .volumes = std::move(volumes),
                                   .affinity = apart(all)});
  auto object = object_of(inputs, "apps/v1", "StatefulSet", name, own);
  object["spec"] = {
      {"replicas", replicas(inputs, Role::shard)},
      {"revisionHistoryLimit", kKeptRevisions},
      {"serviceName", name},
      {"podManagementPolicy", "Parallel"},
      {"updateStrategy", {{"type", "OnDelete"}}},
      {"selector", {{"matchLabels", mine}}},
      {"template", std::move(pod)},
      {"volumeClaimTemplates", Json::array({claim(inputs)})},
      {"persistentVolumeClaimRetentionPolicy",
       {{"whenDeleted", api::kWhenDeletedNames[static_cast<std::size_t>(inputs.spec.shards.storage.when_deleted)]},
        {"whenScaled", "Retain"}}}};
  return object;
}

}  // namespace chatop::kubernetes::objects
