#include "operator/api/rules.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace chatop::api {
namespace {

using Spec = ChatClusterSpec;

std::string above(std::int64_t low, std::string_view name, std::int64_t high) {
  return "is " + std::to_string(low) + ", more than " + std::string(name) + " (" + std::to_string(high) + ")";
}
constexpr std::string_view kMinMax = "raise max or lower min";

const std::array<Rule, 14> kRules{{
    {"spec.gateways.replicas.min", "spec.gateways.replicas",
     [](const Spec& s) { return s.gateways.replicas.min <= s.gateways.replicas.max; },
     [](const Spec& s) { return above(s.gateways.replicas.min, "max", s.gateways.replicas.max); }, kMinMax},
    {"spec.messages.replicas.min", "spec.messages.replicas",
     [](const Spec& s) { return s.messages.replicas.min <= s.messages.replicas.max; },
     [](const Spec& s) { return above(s.messages.replicas.min, "max", s.messages.replicas.max); }, kMinMax},
    {"spec.api.replicas.min", "spec.api.replicas",
     [](const Spec& s) { return s.api.replicas.min <= s.api.replicas.max; },
     [](const Spec& s) { return above(s.api.replicas.min, "max", s.api.replicas.max); }, kMinMax},
    {"spec.workers.replicas.min", "spec.workers.replicas",
     [](const Spec& s) { return s.workers.replicas.min <= s.workers.replicas.max; },
     [](const Spec& s) { return above(s.workers.replicas.min, "max", s.workers.replicas.max); }, kMinMax},
    {"spec.gateways.connections.target", "spec.gateways.connections",
     [](const Spec& s) { return s.gateways.connections.target <= s.gateways.connections.max; },
     [](const Spec& s) { return above(s.gateways.connections.target, "max", s.gateways.connections.max); },
     "raise max or lower target"},
    {"spec.redis.memory", "spec.redis",
     [](const Spec& s) { return !s.redis.external || s.redis.memory == RedisSpec{}.memory; },
     [](const Spec&) { return std::string("is of no use beside external"); }, "remove one of the two"},
    {"spec.events.kafka", "spec.events",
     [](const Spec& s) { return s.events.backend != EventsBackend::Kafka || s.events.kafka; },
     [](const Spec&) { return std::string("is missing, and backend is Kafka"); },
     "write kafka: {managed: true} or kafka: {external: {bootstrapServers: …}}"},
    {"spec.events.kafka", "spec.events",
     [](const Spec& s) { return s.events.backend == EventsBackend::Kafka || !s.events.kafka; },
     [](const Spec&) { return std::string("is there, but backend is Postgres"); },
     "remove it, or write backend: Kafka"},
    {"spec.events.kafka", "spec.events",
     [](const Spec& s) { return !s.events.kafka || s.events.kafka->managed != s.events.kafka->external.has_value(); },
     [](const Spec& s) {
       return std::string(s.events.kafka->managed ? "is both managed and external" : "is neither managed nor external");
     },
     "write exactly one: managed: true or external: {bootstrapServers: …}"},
    {"spec.media.s3", "spec.media", [](const Spec& s) { return s.media.backend != MediaBackend::S3 || s.media.s3; },
     [](const Spec&) { return std::string("is missing, and backend is S3"); }, "write s3: {bucket: …}"},
    {"spec.media.s3", "spec.media", [](const Spec& s) { return s.media.backend == MediaBackend::S3 || !s.media.s3; },
     [](const Spec&) { return std::string("is there, but backend is Local"); }, "remove it, or write backend: S3"},
    {"spec.auth.jwksUrl", "spec.auth",
     [](const Spec& s) { return s.auth.mode != AuthMode::ExternalJWT || !s.auth.jwks_url.empty(); },
     [](const Spec&) { return std::string("is missing, and mode is ExternalJWT"); },
     "write the address of the issuer's keys, for example https://login.example.org/jwks.json"},
    {"spec.auth.mode", "spec.auth",
     [](const Spec& s) {
       return s.auth.mode == AuthMode::ExternalJWT ||
              (s.auth.jwks_url.empty() && s.auth.audience.empty() && s.auth.issuer.empty());
     },
     [](const Spec&) { return std::string("is BuiltIn, and jwksUrl, audience or issuer is set"); },
     "write mode: ExternalJWT, or remove those"},
    {"spec.shards.external", "spec.shards.external",
     [](const Spec& s) {
       std::set<std::string_view> names;
       return std::all_of(s.shards.external.begin(), s.shards.external.end(),
                          [&names](const ExternalShard& shard) { return names.insert(shard.name).second; });
     },
     [](const Spec&) { return std::string("has two shards of the same name"); }, "give each a name of its own"},
}};

}  // namespace

std::span<const Rule> rules() { return kRules; }

}  // namespace chatop::api
