#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "operator/api/parse.hpp"

// Each wrong document is refused with the exact path of what is wrong, and a sentence that says what and how to mend
// it.
namespace {

using chatop::api::FieldError;
using testing::HasSubstr;

struct Wrong {
  std::string name;
  std::string yaml;     // after the header, or whole where `whole`
  std::string path;     // of one of the errors
  std::string message;  // a piece of its sentence
  bool whole = false;
};

std::string header(const std::string& rest) {
  return "apiVersion: chatcluster.io/v1alpha1\nkind: ChatCluster\n" + rest;
}
std::string spec(const std::string& rest) { return "metadata: {name: demo}\nspec:\n" + rest; }

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

std::vector<Wrong> wrong_documents() {
  const std::string anchors =
      "a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, "
      "*b, *b, "
      "*b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]\ne: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d]\nf: [*e, *e, *e, "
      "*e]\n";
  return {
      // Not a resource at all.
      {"Empty", "", "", "is empty", true},
      {"OnlySeparators", "---\n---\n", "", "is empty", true},
      {"AScalar", "hello", "", "is \"hello\", not a mapping", true},
      {"AList", "- a\n- b\n", "", "is a list, not a mapping: begin with apiVersion", true},
      {"BrokenYaml", "spec: [1, 2\nkind: x: y", "", "not valid YAML", true},
      {"TabIndentation", "spec:\n\tpaused: true\n", "", "not valid YAML", true},
      {"NotUtf8", "kind: \xff\xfe", "", "not text in UTF-8", true},
      {"NulByte", std::string("kind: a\0b", 9), "", "not text in UTF-8", true},
      {"TooLarge", "# " + std::string(1100000, 'x') + "\n", "", "larger than 1 MiB", true},
      {"TooDeep", repeated("[", 200) + repeated("]", 200), "", "nested deeper than 32 levels", true},
      {"AliasBomb", anchors, "", "more than 100000 values", true},
      {"AliasOfItself", "kind: &a [*a]\n", "", "refers to itself", true},
      {"UnknownAlias", "kind: *nowhere\n", "", "not valid YAML", true},
      {"ACommaBehindAMapping", "{a: b},", "", "has something behind its end: remove it", true},
      {"MappingForAKey", "{a: b}: c\n", "", "a mapping for a key", true},
      {"NoApiVersion", "kind: ChatCluster\nmetadata: {name: demo}\n", "apiVersion", "is missing: write apiVersion",
       true},
      {"OtherApiVersion", "apiVersion: chatcluster.io/v1\nkind: ChatCluster\nmetadata: {name: a}\n", "apiVersion",
       "is \"chatcluster.io/v1\": write chatcluster.io/v1alpha1", true},
      {"NoKind", "apiVersion: chatcluster.io/v1alpha1\nmetadata: {name: demo}\n", "kind", "is missing", true},
      {"MisspeltKind", "apiVersion: chatcluster.io/v1alpha1\nkind: ChatClustr\n", "kind", "did you mean ChatCluster?",
       true},
      {"ForeignKind", "apiVersion: chatcluster.io/v1alpha1\nkind: Deployment\n", "kind",
       "write ChatCluster or ChatOperation", true},
      {"KindIsAList", "apiVersion: chatcluster.io/v1alpha1\nkind: [a]\n", "kind", "is \"a list\"", true},
      {"SecondDocumentWrong",
       header("metadata: {name: a}\n") + "---\n" + header("metadata: {name: b}\nspec: {paused: 3}\n"), "spec.paused",
       "neither true nor false", true},
      {"TwoDocumentsOfOneName", header("metadata: {name: a}\n") + "---\n" + header("metadata: {name: a}\n"),
       "metadata.name", "name of two documents", true},
      // metadata
      {"NoMetadata", "spec: {}\n", "metadata.name", "is missing"},
      {"NoName", "metadata: {labels: {a: b}}\n", "metadata.name", "is missing: write at most 40"},
      {"EmptyName", "metadata: {name: \"\"}\n", "metadata.name", "is \"\""},
      {"NameWithCapitals", "metadata: {name: Demo}\n", "metadata.name", "is \"Demo\": write at most 40 of a-z"},
      {"NameTooLong", "metadata: {name: " + std::string(41, 'a') + "}\n", "metadata.name", "at most 40"},
      {"NameEndsWithHyphen", "metadata: {name: demo-}\n", "metadata.name", "ending with a letter or digit"},
      {"NameIsAPath", "metadata: {name: ../demo}\n", "metadata.name", "at most 40"},
      {"NameIsANumber", "metadata: {name: 12}\n", "metadata.name", "put it in quotes: \"12\""},
      {"LabelIsANumber", "metadata: {name: a, labels: {tier: 3}}\n", "metadata.labels.tier", "put it in quotes"},
      {"LabelKeyWithASpace", "metadata: {name: a, labels: {a team: b}}\n", "metadata.labels",
       "has the key \"a team\": write keys as Kubernetes does"},
      {"LabelKeyOfTwoParts", "metadata: {name: a, labels: {a/b/c: b}}\n", "metadata.labels", "has the key \"a/b/c\""},
      {"LabelKeyTooLong", "metadata: {name: a, labels: {" + std::string(64, 'k') + ": b}}\n", "metadata.labels",
       "at most 63 letters"},
      {"LabelWithASpace", "metadata: {name: a, labels: {team: the chat}}\n", "metadata.labels.team",
       "is \"the chat\": write at most 63 letters"},
      {"AnnotationKeyEndsWithAHyphen", "metadata: {name: a, annotations: {a-: b}}\n", "metadata.annotations",
       "has the key \"a-\""},
      {"MetadataIsAList", "metadata: [name]\n", "metadata", "is a list, not a mapping"},
      // unknown and doubled fields
      {"UnknownTopField", "metadata: {name: demo}\nspecs: {}\n", "specs", "did you mean spec?"},
      {"UnknownField", spec("  gateway: {}\n"), "spec.gateway", "is not a known field: did you mean gateways?"},
      {"UnknownDeepField", spec("  gateways: {replicas: {minimum: 2}}\n"), "spec.gateways.replicas.minimum",
       "the fields here are min, max"},
      {"MisspeltDeepField", spec("  shards: {storage: {sise: 10Gi}}\n"), "spec.shards.storage.sise",
       "did you mean size?"},
      {"WrongCase", spec("  limits: {contentcharacters: 5}\n"), "spec.limits.contentcharacters",
       "did you mean contentCharacters?"},
      {"DoubledField", spec("  paused: true\n  paused: false\n"), "spec.paused", "is there twice: keep one"},
      {"DoubledBlock", "metadata: {name: a}\nspec: {}\nspec: {}\n", "spec", "is there twice"},
      // types
      {"WordForANumber", spec("  gateways: {replicas: {min: two}}\n"), "spec.gateways.replicas.min",
       "is \"two\", which is not a whole number that fits: write one from 1 to 1000"},
      {"FractionForANumber", spec("  gateways: {replicas: {min: 1.5}}\n"), "spec.gateways.replicas.min",
       "not a whole number"},
      {"QuotedNumber", spec("  gateways: {replicas: {min: \"2\"}}\n"), "spec.gateways.replicas.min",
       "write it without quotes"},
      {"OctalNumber", spec("  shards: {maxConnections: 0500}\n"), "spec.shards.maxConnections", "not a whole number"},
      {"HugeNumber", spec("  limits: {messageBurst: 99999999999999999999}\n"), "spec.limits.messageBurst",
       "not a whole number that fits"},
      {"ListForANumber", spec("  retention: {hotDays: [30]}\n"), "spec.retention.hotDays", "is a list, not a number"},
      {"WordForABoolean", spec("  paused: yes\n"), "spec.paused", "write true or false"},
      {"QuotedBoolean", spec("  paused: \"true\"\n"), "spec.paused", "without quotes"},
      {"NumberForAText", spec("  tls: {minVersion: 1.3}\n"), "spec.tls.minVersion", "put it in quotes: \"1.3\""},
      {"NumberForAMapping", spec("  gateways: 3\n"), "spec.gateways", "is \"3\", not a mapping"},
      {"SpecIsAText", "metadata: {name: a}\nspec: nothing\n", "spec", "not a mapping"},
      {"TextForAList", spec("  auth: {allowedOrigins: https://a.example}\n"), "spec.auth.allowedOrigins",
       "not a list: write [https://a.example]"},
      {"MappingInAListOfTexts", spec("  limits: {vipUsers: {names: [{a: b}]}}\n"), "spec.limits.vipUsers.names[0]",
       "is a mapping, not a text"},
      {"TextInAListOfMappings", spec("  shards: {external: [one]}\n"), "spec.shards.external[0]", "not a mapping"},
      // bounds
      {"Zero", spec("  gateways: {replicas: {min: 0}}\n"), "spec.gateways.replicas.min",
       "is 0, which is too small: write a whole number from 1 to 1000"},
      {"Negative", spec("  limits: {messagesPerMinutePerUser: -1}\n"), "spec.limits.messagesPerMinutePerUser",
       "too small"},
      {"TooMany", spec("  shards: {initial: 5000}\n"), "spec.shards.initial",
       "too large: write a whole number from 1 to 256"},
      {"PercentAboveHundred", spec("  api: {targets: {cpuPercent: 101}}\n"), "spec.api.targets.cpuPercent",
       "from 1 to 100"},
      {"ContentTooLong", spec("  limits: {contentCharacters: 100001}\n"), "spec.limits.contentCharacters", "too large"},
      // quantities
      {"QuantityWithBadUnit", spec("  redis: {memory: 1GB}\n"), "spec.redis.memory",
       "is \"1GB\", not a number of bytes: write a number with Mi, Gi or Ti, for example 10Gi"},
      {"QuantityWithoutNumber", spec("  redis: {memory: Gi}\n"), "spec.redis.memory", "not a number of bytes"},
      {"NegativeQuantity", spec("  redis: {memory: -1Gi}\n"), "spec.redis.memory", "not a number of bytes"},
      {"QuantityTooSmall", spec("  shards: {storage: {size: 1Mi}}\n"), "spec.shards.storage.size", "too small"},
      {"QuantityTooLarge", spec("  redis: {memory: 7Ei}\n"), "spec.redis.memory", "too large"},
      // enumerations, with their words
      {"BadMode", spec("  scaling: {mode: Auto}\n"), "spec.scaling.mode", "is \"Auto\": write Automatic or Recommend"},
      {"BadAutoSplit", spec("  shards: {autoSplit: on}\n"), "spec.shards.autoSplit", "write Off, Propose or Automatic"},
      {"BadBackend", spec("  events: {backend: kafka}\n"), "spec.events.backend", "write Postgres or Kafka"},
      {"BadTlsVersion", spec("  tls: {minVersion: \"1.1\"}\n"), "spec.tls.minVersion", "write \"1.2\" or \"1.3\""},
      // texts
      {"GatewayUrlIsHttp", spec("  gateways: {publicUrl: https://chat.example.org}\n"), "spec.gateways.publicUrl",
       "for example wss://{gateway}.example.org/v1/ws"},
      {"GatewayUrlUnknownPart", spec("  gateways: {publicUrl: \"wss://{pod}.example.org\"}\n"),
       "spec.gateways.publicUrl", "wss://{gateway}"},
      {"OriginWithPath", spec("  auth: {allowedOrigins: [\"https://a.example\", \"https://b.example/x\"]}\n"),
       "spec.auth.allowedOrigins[1]", "an origin without a path"},
      {"ProxyIsAName", spec("  limits: {trustedProxies: [proxy.example]}\n"), "spec.limits.trustedProxies[0]",
       "10.0.0.0/8"},
      {"ProxyWithSomethingBehindANul", spec("  limits: {trustedProxies: [\"10.0.0.1\\0x\"]}\n"),
       "spec.limits.trustedProxies[0]", "10.0.0.0/8"},
      {"ProxyMaskTooLong", spec("  limits: {trustedProxies: [10.0.0.0/33]}\n"), "spec.limits.trustedProxies[0]",
       "an address or a range"},
      {"BadUsername", spec("  limits: {vipUsers: {names: [a-b]}}\n"), "spec.limits.vipUsers.names[0]", "3 to 50"},
      {"EmptyListEntry", spec("  limits: {trustedProxies: [\"\"]}\n"), "spec.limits.trustedProxies[0]", "is \"\""},
      // fields that must agree
      {"MinAboveMax", spec("  gateways: {replicas: {min: 9, max: 3}}\n"), "spec.gateways.replicas.min",
       "is 9, more than max (3): raise max or lower min"},
      {"MinAboveDefaultMax", spec("  workers: {replicas: {min: 21}}\n"), "spec.workers.replicas.min",
       "more than max (20)"},
      {"TargetAboveMax", spec("  gateways: {connections: {target: 20000}}\n"), "spec.gateways.connections.target",
       "more than max (10000)"},
      {"KafkaWithoutBlock", spec("  events: {backend: Kafka}\n"), "spec.events.kafka",
       "is missing, and backend is Kafka"},
      {"KafkaBlockWithPostgres", spec("  events: {kafka: {managed: true}}\n"), "spec.events.kafka",
       "backend is Postgres"},
      {"KafkaOfNoOne", spec("  events: {backend: Kafka, kafka: {managed: false}}\n"), "spec.events.kafka",
       "neither managed nor external"},
      {"KafkaTwice",
       spec("  events: {backend: Kafka, kafka: {managed: true, external: {bootstrapServers: \"k:9092\"}}}\n"),
       "spec.events.kafka", "both managed and external"},
      {"KafkaServerAtNoAddress",
       spec("  events: {backend: Kafka, kafka: {external: {bootstrapServers: \"[ð::1]:9092\"}}}\n"),
       "spec.events.kafka.external.bootstrapServers", "host:port"},
      {"KafkaServersWithoutPort", spec("  events: {backend: Kafka, kafka: {external: {bootstrapServers: broker}}}\n"),
       "spec.events.kafka.external.bootstrapServers", "host:port"},
      {"S3WithoutBucket", spec("  media: {backend: S3, s3: {region: eu}}\n"), "spec.media.s3.bucket", "is missing"},
      {"JwtWithoutKeys", spec("  auth: {mode: ExternalJWT}\n"), "spec.auth.jwksUrl", "is missing"},
      {"KeysWithoutJwt", spec("  auth: {jwksUrl: \"https://login.example/jwks\"}\n"), "spec.auth.mode", "is BuiltIn"},
      {"ExternalRedisWithoutSecret", spec("  redis: {external: {}}\n"), "spec.redis.external.secretName", "is missing"},
      {"ExternalShardsOfOneName", spec("  shards: {external: [{name: a, secretName: x}, {name: a, secretName: z}]}\n"),
       "spec.shards.external", "two shards of the same name"},
      // operations
      {"OperationWithoutType",
       "apiVersion: chatcluster.io/v1alpha1\nkind: ChatOperation\nmetadata: {name: a}\nspec: "
       "{cluster: demo}\n",
       "spec.type", "is missing", true},
      {"OperationOfUnknownType",
       "apiVersion: chatcluster.io/v1alpha1\nkind: ChatOperation\nmetadata: {name: a}\nspec: "
       "{cluster: demo, type: DrainGatway}\n",
       "spec.type", "did you mean DrainGateway?", true},
      {"OperationWithoutBlock",
       "apiVersion: chatcluster.io/v1alpha1\nkind: ChatOperation\nmetadata: {name: a}\nspec: "
       "{cluster: demo, type: DrainGateway}\n",
       "spec.drainGateway", "is missing, and type is DrainGateway", true},
      {"OperationWithTwoBlocks",
       "apiVersion: chatcluster.io/v1alpha1\nkind: ChatOperation\nmetadata: {name: a}\nspec: "
       "{cluster: demo, type: WarmCache, warmCache: {}, splitShard: {}}\n",
       "spec.splitShard", "type is WarmCache", true},
  };
}

class WrongDocument : public testing::TestWithParam<Wrong> {};

TEST_P(WrongDocument, IsRefusedWithItsPathAndARemedy) {
  const Wrong& wrong = GetParam();
  auto parsed = chatop::api::parse_documents(wrong.whole ? wrong.yaml : header(wrong.yaml));
  ASSERT_FALSE(parsed) << "it was accepted";
  std::string all;
  const FieldError* found = nullptr;
  for (const auto& error : parsed.error()) {
    all += text(error) + "\n";
    if (error.path == wrong.path && !found) found = &error;
    EXPECT_FALSE(error.remedy.empty()) << error.path;
  }
  ASSERT_NE(found, nullptr) << "no error names " << wrong.path << ":\n" << all;
  EXPECT_THAT(text(*found), HasSubstr(wrong.message));
}

INSTANTIATE_TEST_SUITE_P(Table, WrongDocument, testing::ValuesIn(wrong_documents()),
                         [](const auto& test) { return test.param.name; });

TEST(WrongDocuments, AllErrorsAreNamedAtOnceWithTheirLines) {
  auto parsed = chatop::api::parse_chat_cluster(
      header("metadata:\n  name: Demo\nspec:\n  paused: 1\n  gateways:\n    replicas:\n      min: 5\n      max: 4\n"
             "    nothing: 1\n  limits:\n    trustedProxies:\n      - 10.0.0.1\n      - nobody\n"));
  ASSERT_FALSE(parsed);
  std::vector<std::pair<std::string, int>> places;
  for (const auto& error : parsed.error()) places.emplace_back(error.path, error.line);
  EXPECT_THAT(places, testing::UnorderedElementsAre(testing::Pair("metadata.name", 4), testing::Pair("spec.paused", 6),
                                                    testing::Pair("spec.gateways.replicas.min", 9),
                                                    testing::Pair("spec.gateways.nothing", 11),
                                                    testing::Pair("spec.limits.trustedProxies[1]", 15)));
}

TEST(WrongDocuments, ErrorsAreBounded) {
  std::string yaml = "metadata: {name: demo}\nspec:\n";
  for (int i = 0; i < 5000; ++i) yaml += "  unknown" + std::to_string(i) + ": 1\n";
  auto parsed = chatop::api::parse_chat_cluster(header(yaml));
  ASSERT_FALSE(parsed);
  EXPECT_LE(parsed.error().size(), 50u);
}

TEST(WrongDocuments, ARuleIsSilentWhereTheNumberItselfIsWrong) {
  auto parsed = chatop::api::parse_chat_cluster(header(spec("  gateways: {replicas: {min: 9, max: many}}\n")));
  ASSERT_FALSE(parsed);
  ASSERT_EQ(parsed.error().size(), 1u);
  EXPECT_EQ(parsed.error().front().path, "spec.gateways.replicas.max");
}

}  // namespace
