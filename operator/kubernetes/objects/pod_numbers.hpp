#pragma once
#include <map>
#include <string>
#include <vector>

// Which process a Pod of a Deployment is. It has no number of its own: the oldest is 0, so that whoever lists the Pods,
// operator or command line, calls them the same. One that ends leaves its number to the next. Pure.
namespace chatop::kubernetes::objects {

struct SeenPod {
  std::string uid;
  std::string component;  // kComponentLabel
  std::string created;    // metadata.creationTimestamp
  bool ends = false;      // it is being deleted, or has failed
};
// "api-0" and the like, by UID; Pods that end, and those of other components, have none.
[[nodiscard]] std::map<std::string, std::string> number_pods(std::vector<SeenPod> pods);

}  // namespace chatop::kubernetes::objects
