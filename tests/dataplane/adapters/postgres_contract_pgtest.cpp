#include "tests/contract/chat_contract.hpp"
#include "tests/dataplane/adapters/two_shards.hpp"

namespace chat::testing {

// Two real shards, used as a part instead of as a fixture.
class OnPostgres final : public TwoShards {
 public:
  using TwoShards::directory;
  using TwoShards::run;
  using TwoShards::store;

 private:
  void TestBody() override {}
};

INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, ChatContract, OnPostgres);

}  // namespace chat::testing
