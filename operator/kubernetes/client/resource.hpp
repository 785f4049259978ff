#pragma once
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chatop::kubernetes {

// A kind of object and where the API server keeps it.
struct Kind {
  std::string group;  // empty: the core group
  std::string version;
  std::string plural;
  std::string kind;
  bool namespaced = true;

  [[nodiscard]] std::string api_version() const { return group.empty() ? version : group + "/" + version; }
};

// "/apis/apps/v1/namespaces/NS/deployments[/NAME[/SUBRESOURCE]]"; an empty namespace means all of them. Every part is
// escaped: a name can not leave its place in the path.
[[nodiscard]] std::string path_of(const Kind& kind, std::string_view name_space, std::string_view name = {},
                                  std::string_view subresource = {});

using Parameters = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] std::string with_parameters(std::string path, const Parameters& parameters);

// "a=b,c=d" of labels that an object must have, all of them.
[[nodiscard]] std::string label_selector(const std::map<std::string, std::string>& labels);

}  // namespace chatop::kubernetes
