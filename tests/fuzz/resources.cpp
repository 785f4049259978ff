// A YAML stream of the operator is refused with a place and a remedy, or prints to what reads back the same.
#include "dataplane/base/text.hpp"
#include "operator/api/parse.hpp"
#include "operator/api/update.hpp"
#include "operator/api/write.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace chatop::api;

void check_errors(const std::vector<FieldError>& errors) {
  FUZZ_CHECK(!errors.empty() && errors.size() <= 200);
  for (const auto& error : errors) {
    FUZZ_CHECK(!error.problem.empty() && !error.remedy.empty() && error.line >= 0);
    FUZZ_CHECK(!text(error).empty());
  }
}

// Whatever kind it is: as YAML and as JSON it reads back the same.
template <class Resource>
void check_printed(const Resource& resource) {
  FUZZ_CHECK(!resource.metadata.name.empty());
  for (const auto& printed :
       {to_yaml(to_json(resource, Part::SpecOnly)), json_text(to_json(resource, Part::WithStatus))}) {
    const auto again = parse_documents(printed);
    if (!again) std::fprintf(stderr, "%s\n%s\n", text(again.error().front()).c_str(), printed.c_str());
    FUZZ_CHECK(again && again->size() == 1);
    FUZZ_CHECK(std::get<Resource>(again->front()) == resource);
  }
}

void check(const ChatCluster& cluster) {
  check_printed(cluster);
  FUZZ_CHECK(validate_update(cluster, cluster).empty());
  FUZZ_CHECK(updated(cluster, cluster).metadata.generation == cluster.metadata.generation);
}

void check(const ChatOperation& operation) { check_printed(operation); }

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto yaml = chat::fuzz::Input(data, size).rest();
  const auto documents = parse_documents(yaml);
  if (!documents) {
    check_errors(documents.error());
    return 0;
  }
  for (const auto& document : *documents) std::visit([](const auto& resource) { check(resource); }, document);
  return 0;
}
