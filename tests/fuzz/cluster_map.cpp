// A map that a daemon takes names an owner for every bucket; one that it refuses says where it is wrong.
#include "dataplane/domain/cluster_map.hpp"

#include "operator/plan/cluster_map.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/input.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chat::domain;
  const std::string text(chat::fuzz::Input(data, size).rest());
  // The operator reads back what it wrote: it must read whatever stands there now.
  const auto planned = chatop::plan::parse_map(text);
  FUZZ_CHECK(chatop::plan::same_content(planned, planned));
  auto map = parse_cluster_map(text);
  if (!map) {
    FUZZ_CHECK(map.error().message.starts_with("cluster map: "));
    return 0;
  }
  FUZZ_CHECK(map->version >= 1);
  for (int bucket = 0; bucket < kBuckets; ++bucket) {
    const auto& range = map->range_of(static_cast<std::uint16_t>(bucket));
    FUZZ_CHECK(range.low <= bucket && bucket <= range.high && range.epoch >= 1);
    FUZZ_CHECK(map->shard(range.shard) != nullptr);
  }
  const auto version = map->version;
  Router router(ClusterMap{});
  FUZZ_CHECK(router.adopt(*map) && !router.adopt(*map) && router.map().version == version);
  router.learn(7, "elsewhere", map->range_of(7).epoch);
  FUZZ_CHECK(router.owner(7) == map->range_of(7).shard);
  if (map->range_of(7).epoch < INT64_MAX) {
    router.learn(7, "elsewhere", INT64_MAX);
    FUZZ_CHECK(router.owner(7) == "elsewhere");
  }
  return 0;
}
