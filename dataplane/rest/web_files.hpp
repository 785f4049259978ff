#pragma once
#include <chrono>
#include <filesystem>
#include <map>
#include <string>

#include "dataplane/base/clock.hpp"
#include "dataplane/rest/call.hpp"

namespace chat::rest {

// The web client: the files of one folder with a known ending, held in memory (at most 500 files of 2 MiB). What is
// asked for is looked up among the names that were found, so no path of a request ever reaches the file system. The
// folder is looked at again at most once a second, so that an edited file shows without a restart. One thread.
class WebFiles {
 public:
  explicit WebFiles(std::filesystem::path directory) : directory_(std::move(directory)) {}
  // Of "/" and "/views/list.js": 200, 304 where If-None-Match has its ETag; not_found.
  [[nodiscard]] Result<Answer> get(const Call& call, base::SteadyTime now);

 private:
  struct File {
    std::filesystem::file_time_type written;
    std::uintmax_t size = 0;
    std::string bytes;
    std::string etag;
    std::string content_type;
  };
  void look(base::SteadyTime now);

  std::filesystem::path directory_;
  std::map<std::string, File, std::less<>> files_;  // by path: /index.html
  base::SteadyTime looked_at_{};
};

}  // namespace chat::rest
