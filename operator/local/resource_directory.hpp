#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.hpp"
#include "operator/ports/site.hpp"

namespace chatop::local {

// The resources of one state directory, as files:
//   DIR/resources/chatclusters/<name>.yaml         what was applied; written by chatctl
//   DIR/resources/chatclusters/<name>.status.json  written by the operator only
//   DIR/resources/chatclusters/<name>.deleting     asks the operator to tear down, then to remove() all three
// Errors are SiteErrc. Each file is replaced whole (temporary file, fsync, rename), so a reader sees the old or the new
// one. Holds no state and no open files; calls block for a few file operations.
class ResourceDirectory {
 public:
  explicit ResourceDirectory(std::filesystem::path state_directory);

  [[nodiscard]] chat::base::Status create_folders() const;
  // What to watch for changes (moved_to, create, delete).
  [[nodiscard]] std::filesystem::path folder() const;

  // Sorted names of all ChatClusters, the unreadable ones included. No folder: none.
  [[nodiscard]] chat::base::Result<std::vector<std::string>> names() const;
  // `invalid` when the file was edited by hand into something that is not a valid document.
  [[nodiscard]] chat::base::Result<ports::StoredCluster> read(std::string_view name) const;

  [[nodiscard]] chat::base::Status write(const api::ChatCluster& cluster) const;  // without its status
  // True when the file changed: an equal status is not written again.
  [[nodiscard]] chat::base::Result<bool> write_status(std::string_view name,
                                                      const api::ChatClusterStatus& status) const;
  [[nodiscard]] chat::base::Status mark_deleting(std::string_view name) const;
  [[nodiscard]] chat::base::Status remove(std::string_view name) const;

 private:
  [[nodiscard]] std::filesystem::path file(std::string_view name, std::string_view ending) const;
  std::filesystem::path root_;
};

// Excludes other writers of the documents (two `chatctl apply` at once) while it lives. Close-on-exec.
class ResourceLock : public ports::WriteLock {
 public:
  [[nodiscard]] static chat::base::Result<ResourceLock> take(const ResourceDirectory& directory);
  ResourceLock(ResourceLock&& other) noexcept;
  ResourceLock& operator=(ResourceLock&&) = delete;
  ~ResourceLock() override;

 private:
  explicit ResourceLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace chatop::local
