#pragma once
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <filesystem>
#include <functional>

#include "dataplane/base/result.hpp"

namespace chatop::local {

// Calls `changed` on the loop when something in `folder` changed (inotify). What changed is not said: the listener
// reads everything anyway. Ends with the object.
class DirectoryWatch {
 public:
  DirectoryWatch(const boost::asio::any_io_executor& executor, std::function<void()> changed);
  [[nodiscard]] chat::base::Status watch(const std::filesystem::path& folder);

 private:
  void wait();
  boost::asio::posix::stream_descriptor descriptor_;
  std::function<void()> changed_;
  std::array<char, 4096> events_{};
};

}  // namespace chatop::local
