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
constexpr std::string_view kMinMaxCel = "self.min <= self.max";
constexpr std::string_view kMinMaxProblem = "is %d, more than max (%d)";
constexpr std::string_view kMinMaxFigures = "self.min, self.max";

const std::array<Rule, 14> kRules{{
    {"spec.gateways.replicas.min", "spec.gateways.replicas",
     [](const Spec& s) { return s.gateways.replicas.min <= s.gateways.replicas.max; },
     [](const Spec& s) { return above(s.gateways.replicas.min, "max", s.gateways.replicas.max); }, kMinMax, kMinMaxCel,
     kMinMaxProblem, kMinMaxFigures},
    {"spec.messages.replicas.min", "spec.messages.replicas",
     [](const Spec& s) { return s.messages.replicas.min <= s.messages.replicas.max; },
     [](const Spec& s) { return above(s.messages.replicas.min, "max", s.messages.replicas.max); }, kMinMax, kMinMaxCel,
     kMinMaxProblem, kMinMaxFigures},
    {"spec.api.replicas.min", "spec.api.replicas",
     [](const Spec& s) { return s.api.replicas.min <= s.api.replicas.max; },
     [](const Spec& s) { return above(s.api.replicas.min, "max", s.api.replicas.max); }, kMinMax, kMinMaxCel,
     kMinMaxProblem, kMinMaxFigures},
    {"spec.workers.replicas.min", "spec.workers.replicas",
     [](const Spec& s) { return s.workers.replicas.min <= s.workers.replicas.max; },
     [](const Spec& s) { return above(s.workers.replicas.min, "max", s.workers.replicas.max); }, kMinMax, kMinMaxCel,
     kMinMaxProblem, kMinMaxFigures},
    {"spec.gateways.connections.target", "spec.gateways.connections",
     [](const Spec& s) { return s.gateways.connections.target <= s.gateways.connections.max; },
     [](const Spec& s) { return above(s.gateways.connections.target, "max", s.gateways.connections.max); },
     "raise max or lower target", "self.target <= self.max", "is %d, more than max (%d)", "self.target, self.max"},
    {"spec.redis.memory", "spec.redis",
     [](const Spec& s) { return !s.redis.external || s.redis.memory == RedisSpec{}.memory; },
     [](const Spec&) { return std::string("is of no use beside external"); }, "remove one of the two",
     "!has(self.external) || quantity(string(self.memory)).compareTo(quantity('1Gi')) == 0", "", ""},
    {"spec.events.kafka", "spec.events",
     [](const Spec& s) { return s.events.backend != EventsBackend::Kafka || s.events.kafka; },
     [](const Spec&) { return std::string("is missing, and backend is Kafka"); },
     "write kafka: {managed: true} or kafka: {external: {bootstrapServers: …}}",
     "self.backend != 'Kafka' || has(self.kafka)", "", ""},
    {"spec.events.kafka", "spec.events",
     [](const Spec& s) { return s.events.backend == EventsBackend::Kafka || !s.events.kafka; },
     [](const Spec&) { return std::string("is there, but backend is Postgres"); }, "remove it, or write backend: Kafka",
     "self.backend == 'Kafka' || !has(self.kafka)", "", ""},
    {"spec.events.kafka", "spec.events",
     [](const Spec& s) { return !s.events.kafka || s.events.kafka->managed != s.events.kafka->external.has_value(); },
     [](const Spec& s) {
       return std::string(s.events.kafka->managed ? "is both managed and external" : "is neither managed nor external");
     },
     "write exactly one: managed: true or external: {bootstrapServers: …}",
     "!has(self.kafka) || self.kafka.managed != has(self.kafka.external)", "is %s",
     "self.kafka.managed ? 'both managed and external' : 'neither managed nor external'"},
    {"spec.media.s3", "spec.media", [](const Spec& s) { return s.media.backend != MediaBackend::S3 || s.media.s3; },
     [](const Spec&) { return std::string("is missing, and backend is S3"); }, "write s3: {bucket: …}",
     "self.backend != 'S3' || has(self.s3)", "", ""},
    {"spec.media.s3", "spec.media", [](const Spec& s) { return s.media.backend == MediaBackend::S3 || !s.media.s3; },
     [](const Spec&) { return std::string("is there, but backend is Local"); }, "remove it, or write backend: S3",
     "self.backend == 'S3' || !has(self.s3)", "", ""},
    {"spec.auth.jwksUrl", "spec.auth",
     [](const Spec& s) { return s.auth.mode != AuthMode::ExternalJWT || !s.auth.jwks_url.empty(); },
     [](const Spec&) { return std::string("is missing, and mode is ExternalJWT"); },
     "write the address of the issuer's keys, for example https://login.example.org/jwks.json",
     "self.mode != 'ExternalJWT' || (has(self.jwksUrl) && self.jwksUrl != '')", "", ""},
    {"spec.auth.mode", "spec.auth",
     [](const Spec& s) {
       return s.auth.mode == AuthMode::ExternalJWT ||
              (s.auth.jwks_url.empty() && s.auth.audience.empty() && s.auth.issuer.empty());
     },
     [](const Spec&) { return std::string("is BuiltIn, and jwksUrl, audience or issuer is set"); },
     "write mode: ExternalJWT, or remove those",
     "self.mode == 'ExternalJWT' || ((!has(self.jwksUrl) || self.jwksUrl == '') && "
     "(!has(self.audience) || self.audience == '') && (!has(self.issuer) || self.issuer == ''))",
     "", ""},
    {"spec.shards.external", "spec.shards.external",
     [](const Spec& s) {
       std::set<std::string_view> names;
       return std::all_of(s.shards.external.begin(), s.shards.external.end(),
                          [&names](const ExternalShard& shard) { return names.insert(shard.name).second; });
     },
     [](const Spec&) { return std::string("has two shards of the same name"); }, "give each a name of its own", "", "",
     ""},
}};

}  // namespace

std::span<const Rule> rules() { return kRules; }

}  // namespace chatop::api
