// Every kept input through its target, without libFuzzer. corpus/<target>/<what it is> was written by hand or was a
// crash once; corpus/<target>.found is what the fuzzers found on their way, one input a line in base64url.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "dataplane/base/digest.hpp"
#include "tests/fuzz/input.hpp"

#define FUZZ_TARGET(name) extern "C" int fuzz_##name(const std::uint8_t* data, std::size_t size);
FUZZ_TARGETS
#undef FUZZ_TARGET

namespace {

namespace fs = std::filesystem;

using Target = int (*)(const std::uint8_t* data, std::size_t size);

struct Named {
  const char* name;
  Target run;
};

#define FUZZ_TARGET(name) Named{#name, fuzz_##name},
constexpr Named kTargets[] = {FUZZ_TARGETS};
#undef FUZZ_TARGET

const fs::path kCorpus = fs::path(CHATCLUSTER_SOURCE_DIR) / "tests" / "fuzz" / "corpus";

// A promise that does not hold ends the process: gtest has named the input by then.
void run(Target target, const std::string& bytes) {
  // A copy of its own exact size, so that a read past the end is seen.
  const std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
  EXPECT_EQ(target(copy.data(), copy.size()), 0);
}

class KeptFile final : public ::testing::Test {
 public:
  KeptFile(Target target, fs::path file) : target_(target), file_(std::move(file)) {}
  void TestBody() override {
    std::ifstream in(file_, std::ios::binary);
    ASSERT_TRUE(in) << file_;
    run(target_, {std::istreambuf_iterator<char>(in), {}});
  }

 private:
  Target target_;
  fs::path file_;
};

class FoundInputs final : public ::testing::Test {
 public:
  FoundInputs(Target target, fs::path file) : target_(target), file_(std::move(file)) {}
  void TestBody() override {
    run(target_, "");
    std::ifstream in(file_);
    ASSERT_TRUE(in) << file_ << ": make it with tests/fuzz/run --keep";
    std::size_t count = 0;
    for (std::string line; std::getline(in, line); ++count) {
      const auto bytes = chat::base::parse_base64url(line);
      ASSERT_TRUE(bytes) << file_ << ":" << count + 1;
      SCOPED_TRACE(line.substr(0, 100));
      run(target_, *bytes);
    }
    EXPECT_GT(count, 0u);
  }

 private:
  Target target_;
  fs::path file_;
};

template <class Case>
void add(const Named& target, const std::string& name, const fs::path& file) {
  ::testing::RegisterTest(target.name, name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [target, file]() -> ::testing::Test* { return new Case(target.run, file); });
}

const bool kRegistered = [] {
  for (const auto& target : kTargets) {
    add<FoundInputs>(target, "what_the_fuzzers_found", kCorpus / (std::string(target.name) + ".found"));
    for (const auto& entry : fs::directory_iterator(kCorpus / target.name))
      add<KeptFile>(target, entry.path().filename().string(), entry.path());
  }
  return true;
}();

}  // namespace
