#include "tests/dataplane/services/fake_chat.hpp"

#include "tests/contract/chat_contract.hpp"
#include "tests/support/run_task.hpp"

namespace chat::testing {

class InMemory {
 public:
  ports::Directory& directory() { return directory_; }
  ports::Store& store() { return store_; }
  template <class T>
  T run(base::Task<T> task) {
    return run_task(std::move(task));
  }

 private:
  FakeDirectory directory_;
  FakeStore store_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(InMemory, ChatContract, InMemory);

}  // namespace chat::testing
