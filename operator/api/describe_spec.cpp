#include "operator/api/field_visitor.hpp"
#include "operator/api/text_rules.hpp"

// The contract's fields of metadata and spec, in its order. One block a component; each line is a field.
namespace chatop::api {
namespace {

constexpr Range kReplicas{1, 1000};
constexpr Range kSeconds{0, 86400};
constexpr Range kLimit{0, 1'000'000'000};
constexpr std::size_t kMostNames = 1000;

constexpr TextRule kAny{kAnyText, "at most 4096 bytes of text without control characters"};
constexpr TextRule kName{
    kResourceName, "at most 40 of a-z, 0-9 and -, beginning and ending with a letter or digit, for example demo", true};
constexpr TextRule kSecret{kSecretName, "the name of a Secret: a-z, 0-9, - and ."};
constexpr TextRule kSecretNeeded{kSecretName, "the name of a Secret: a-z, 0-9, - and .", true};
constexpr TextRule kGatewayAddress{kGatewayUrl, "a WebSocket address, for example wss://{gateway}.example.org/v1/ws"};
constexpr TextRule kPage{kOrigin, "an origin without a path, for example https://chat.example.org"};
constexpr TextRule kProxy{kAddressRange, "an address or a range of them, for example 10.0.0.0/8"};
constexpr TextRule kVip{kUsername, "a username: 3 to 50 of A-Z, a-z, 0-9 and _"};

void describe(FieldVisitor& v, Replicas& replicas) {
  v.object("replicas", "How many there are; scaling stays within", [&] {
    v.integer("min", replicas.min, kReplicas, "Never fewer than these");
    v.integer("max", replicas.max, kReplicas, "Never more than these");
  });
}

void describe(FieldVisitor& v, GatewaysSpec& gateways) {
  describe(v, gateways.replicas);
  v.object("connections", "WebSockets of one gateway", [&] {
    v.integer("target", gateways.connections.target, {1, 1'000'000}, "Gateways are added above this on average");
    v.integer("max", gateways.connections.max, {1, 1'000'000}, "The gateway itself refuses more than these");
  });
  v.object("drain", "How a gateway is emptied before it goes", [&] {
    v.integer("gracePeriodSeconds", gateways.drain.grace_period_seconds, kSeconds,
              "It is stopped after this at the latest");
    v.integer("closeBelow", gateways.drain.close_below, {0, 1'000'000}, "So few connections are closed at once");
    v.integer("evictionsPerSecond", gateways.drain.evictions_per_second, {1, 1'000'000},
              "Connections asked to move each second");
  });
  v.text("publicUrl", gateways.public_url, kGatewayAddress,
         "The address clients use; {gateway} gives each gateway its own. Empty: the one of the platform");
}

void describe(FieldVisitor& v, ApiSpec& api) {
  describe(v, api.replicas);
  v.object("targets", "Scaling aims at these", [&] {
    v.integer("p95Milliseconds", api.targets.p95_milliseconds, {1, 60'000}, "Response time of 95 of 100 requests");
    v.integer("cpuPercent", api.targets.cpu_percent, {1, 100}, "Use of the processor time given, in percent");
  });
}

void describe(FieldVisitor& v, WorkersSpec& workers) {
  describe(v, workers.replicas);
  v.object("targets", "Scaling aims at these", [&] {
    v.integer("lag", workers.targets.lag, {1, 1'000'000'000}, "Events that wait to be consumed");
  });
}

void describe(FieldVisitor& v, ScalingSpec& scaling) {
  v.choice("mode", scaling.mode, kScalingModeNames, "Automatic acts; Recommend only says in status what it would do");
  v.integer("stabilizationSeconds", scaling.stabilization_seconds, kSeconds, "A lower need must last this long");
  v.integer("cooldownSeconds", scaling.cooldown_seconds, kSeconds, "Between two decisions on one component");
  v.integer("inputMaxAgeSeconds", scaling.input_max_age_seconds, {1, 86400}, "Older figures decide nothing");
}

void describe(FieldVisitor& v, ShardsSpec& shards) {
  v.integer("initial", shards.initial, {1, 256}, "Shards at creation; immutable");
  v.integer("members", shards.members, {1, 7}, "Postgres instances of a shard; 2 or more replicate synchronously");
  v.object("storage", "The volume of one shard", [&] {
    v.quantity("size", shards.storage.size, {kGi / 4, 64 * 1024 * kGi}, "Its size; grows, never shrinks");
    v.text("storageClassName", shards.storage.storage_class_name, kSecret, "Empty: the default class; immutable");
    v.choice("whenDeleted", shards.storage.when_deleted, kWhenDeletedNames,
             "Whether the data stays when the ChatCluster is deleted");
  });
  v.object("limits", "A shard that passes one is split, or its split is proposed", [&] {
    v.integer("writesPerSecond", shards.limits.writes_per_second, {1, 1'000'000}, "Messages a second");
    v.quantity("storage", shards.limits.storage, {kGi / 4, 1024 * 1024 * kGi},
               "Bytes; also acts at 70 % of the volume");
  });
  v.choice("autoSplit", shards.auto_split, kAutoSplitNames, "What happens to a shard past its limits");
  v.integer("maxConnections", shards.max_connections, {20, 10'000}, "Connections that one Postgres instance takes");
  v.list("external", shards.external, 256, "name",
         "Postgres servers (15 or later) that someone else runs, in place of managed shards: one server a shard, and "
         "`initial` does not count. Sorted by name they are shard-0, shard-1 …; only on Kubernetes",
         [&](ExternalShard& shard) {
           v.text("name", shard.name, kName, "The shard's name");
           v.text(
               "secretName", shard.secret_name, kSecretNeeded,
               "The Secret that says where it is. Keys: host, port (5432), user (or username), password, ca.crt (PEM; "
               "without it TLS is used where the server offers it, and not checked), sslmode (verify-full; or "
               "verify-ca). The user owns the database chat, or may make it (createdb), and may make the role chat "
               "(createrole) or finds it with the password that the Secret <ChatCluster>-secrets holds");
         });
}

void describe(FieldVisitor& v, RedisSpec& redis) {
  v.quantity("memory", redis.memory, {kGi / 64, 1024 * kGi}, "Its limit; old cache entries go first");
  constexpr const char* kKeys =
      "The Secret that says where it is. Keys: host, port (6379), password, ca.crt (PEM; with it the connection is TLS "
      "and the certificate must name the host)";
  v.optional("external", redis.external, "Redis that someone else runs; only on Kubernetes",
             [&](ExternalRedis& external) { v.text("secretName", external.secret_name, kSecretNeeded, kKeys); });
}

void describe(FieldVisitor& v, EventsSpec& events) {
  v.choice("backend", events.backend, kEventsBackendNames, "Where events wait for workers; immutable");
  v.optional("kafka", events.kafka, "Only with backend Kafka", [&](KafkaSpec& kafka) {
    v.boolean("managed", kafka.managed, "Run by this operator");
    v.optional("external", kafka.external, "Kafka that someone else runs", [&](ExternalKafka& external) {
      constexpr TextRule kServers{kBootstrapServers, "host:port, several separated by commas", true};
      v.text("bootstrapServers", external.bootstrap_servers, kServers, "host:port[,host:port…]");
      v.text("secretName", external.secret_name, kSecret, "The Secret with its credentials; empty: none needed");
    });
  });
  v.integer("partitions", events.partitions, {1, 4096}, "Partitions of each topic, with backend Kafka");
  v.integer("replicationFactor", events.replication_factor, {1, 7}, "Copies of each partition, with backend Kafka");
}

void describe(FieldVisitor& v, MediaSpec& media) {
  v.choice("backend", media.backend, kMediaBackendNames, "Where files are kept");
  v.optional("s3", media.s3, "Only with backend S3", [&](S3Spec& s3) {
    constexpr TextRule kBucket{kSecretName, "the name of a bucket", true};
    constexpr TextRule kEndpoint{kWebUrl, "an http:// or https:// address"};
    v.text("bucket", s3.bucket, kBucket, "The bucket's name");
    v.text("region", s3.region, kAny, "The region of the bucket");
    v.text("endpoint", s3.endpoint, kEndpoint, "Empty: Amazon's");
    v.text("secretName", s3.secret_name, kSecret, "The Secret with the access key");
  });
}

void describe(FieldVisitor& v, AuthSpec& auth) {
  constexpr TextRule kJwks{kWebUrl, "an http:// or https:// address", false, true};
  constexpr TextRule kClaim{kAnyText, "at most 4096 bytes of text without control characters", false, true};
  v.choice("mode", auth.mode, kAuthModeNames, "Who gives out tokens");
  v.texts("allowedOrigins", auth.allowed_origins, kPage, 100, "Pages that may connect; empty: only the API's own");
  v.text("jwksUrl", auth.jwks_url, kJwks, "Only with mode ExternalJWT: the keys of its issuer");
  v.text("audience", auth.audience, kClaim, "Only with mode ExternalJWT: the claim aud");
  v.text("issuer", auth.issuer, kClaim, "Only with mode ExternalJWT: the claim iss");
}

void describe(FieldVisitor& v, LimitsSpec& limits) {
  v.integer("messagesPerMinutePerUser", limits.messages_per_minute_per_user, kLimit,
            "Messages that one user may send in a minute; 0: no limit");
  v.integer("messageBurst", limits.message_burst, kLimit,
            "Messages that one user may send at once after a pause; 0: no limit");
  v.integer("messagesPerMinutePerConversation", limits.messages_per_minute_per_conversation, kLimit,
            "Messages of all its members in a minute; 0: no limit");
  v.integer("apiCallsPerMinutePerUser", limits.api_calls_per_minute_per_user, kLimit,
            "REST calls of one user in a minute; 0: no limit");
  v.integer("apiCallsPerMinutePerAddress", limits.api_calls_per_minute_per_address, kLimit,
            "REST calls from one IP address in a minute; 0: no limit");
  v.integer("connectsPerMinutePerAddress", limits.connects_per_minute_per_address, kLimit,
            "WebSockets opened from one IP address in a minute without a valid token; 0: no limit");
  v.integer("connectionsPerUser", limits.connections_per_user, kLimit,
            "WebSockets that one user may hold open; 0: no limit");
  v.integer("signInTriesPer5Minutes", limits.sign_in_tries_per_5_minutes, kLimit,
            "Wrong passwords for one account from one IP address, ten times as many from all; 0: no limit");
  v.integer("signInsPerMinutePerAddress", limits.sign_ins_per_minute_per_address, kLimit,
            "Sign-ins from one IP address in a minute; 0: no limit");
  v.integer("groupsPerHourPerUser", limits.groups_per_hour_per_user, kLimit,
            "Groups that one user may make in an hour; 0: no limit");
  v.integer("groupMembers", limits.group_members, kLimit, "Members of one group; 0: no limit");
  v.integer("contentCharacters", limits.content_characters, {0, 100'000},
            "Characters of one message, of 1 to 4 bytes each; 0: only the bound of a frame, 1,310,720 bytes");
  v.texts("trustedProxies", limits.trusted_proxies, kProxy, 100,
          "Addresses of proxies whose X-Forwarded-For is believed");
  v.object("vipUsers", "Users with higher limits", [&] {
    v.texts("names", limits.vip_users.names, kVip, kMostNames, "Their usernames");
    v.integer("factor", limits.vip_users.factor, {1, 1000}, "Their limits are this many times as high");
  });
}

}  // namespace

void describe(FieldVisitor& v, Metadata& metadata) {
  constexpr TextRule kNamespace{kChildName, "a namespace: a-z, 0-9 and -"};
  constexpr std::string_view kKey =
      "Kubernetes does: [example.org/]name of at most 63 letters, digits, \".\", \"_\" and \"-\"";
  constexpr MapRule kLabels{is_metadata_key, kKey, is_label_value,
                            "at most 63 letters, digits, \".\", \"_\" and \"-\", none of the three at an end", 64};
  constexpr MapRule kAnnotations{is_metadata_key, kKey, [](std::string_view) { return true; }, "a text", 64};
  constexpr TextRule kGiven{kAnyText, "nothing: the system gives it", false, true};
  v.text("name", metadata.name, kName, "The name of the resource");
  v.text("namespace", metadata.namespace_name, kNamespace, "default in local mode");
  v.text_map("labels", metadata.labels, kLabels, "For selecting");
  v.text_map("annotations", metadata.annotations, kAnnotations, "For tools");
  v.text("uid", metadata.uid, kGiven, "Given at creation");
  v.integer("generation", metadata.generation, {0, INT64_MAX}, "Grows when the spec changes");
  v.text("creationTimestamp", metadata.creation_timestamp, kGiven, "RFC 3339");
}

void describe(FieldVisitor& v, ChatClusterSpec& spec) {
  v.text("version", spec.version, kAny, "Of the daemons' image or build; empty: the operator's own");
  v.text("image", spec.image, kAny, "Of the daemons, in Kubernetes; empty: the operator's own");
  v.object("gateways", "The daemons that hold people's WebSockets", [&] { describe(v, spec.gateways); });
  v.object("messages", "The daemons that write messages to the shards, in order and once",
           [&] { describe(v, spec.messages.replicas); });
  v.object("api", "The daemons that serve REST and the web client", [&] { describe(v, spec.api); });
  v.object("workers", "The daemons that consume events: repair, retention, notifications",
           [&] { describe(v, spec.workers); });
  v.object("scaling", "When components grow and shrink", [&] { describe(v, spec.scaling); });
  v.object("shards", "The Postgres databases that hold the messages, each a range of the 4,096 buckets",
           [&] { describe(v, spec.shards); });
  v.object("redis", "Presence, fan-out between gateways, cache; nothing here is the truth",
           [&] { describe(v, spec.redis); });
  v.object("events", "Where what happened waits for workers", [&] { describe(v, spec.events); });
  v.object("media", "Where files in messages are kept", [&] { describe(v, spec.media); });
  v.object("auth", "Who may come in, and from which web pages", [&] { describe(v, spec.auth); });
  v.object("tls", "Encryption on the gateways and the API", [&] {
    constexpr TextRule kVersion{kTlsVersion, "\"1.2\" or \"1.3\""};
    v.text("secretName", spec.tls.secret_name, kSecret,
           "Of the certificate; empty: no TLS here. A ChatCluster made with one has TLS between its parts as well");
    v.text("minVersion", spec.tls.min_version, kVersion, "The oldest protocol accepted");
  });
  v.object("limits", "What one user, address or conversation may do; 0: no limit", [&] { describe(v, spec.limits); });
  v.object("retention", "How long data is kept", [&] {
    v.integer("hotDays", spec.retention.hot_days, {1, 36500}, "Messages in the shards; older ones are archived");
    v.integer("deletedDays", spec.retention.deleted_days, {0, 3650}, "Deleted messages, until they are erased");
  });
  v.boolean("paused", spec.paused, "Observe and report, change nothing");
}

}  // namespace chatop::api
