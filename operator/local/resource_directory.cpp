#include "operator/local/resource_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "operator/api/parse.hpp"
#include "operator/api/text_rules.hpp"
#include "operator/api/write.hpp"
#include "operator/local/files.hpp"

namespace chatop::local {
namespace {

namespace fs = std::filesystem;
using chat::base::fail;
using chat::base::Result;
using chat::base::Status;
using ports::SiteErrc;

constexpr auto kLockWait = std::chrono::seconds(10);
constexpr auto kLockPoll = std::chrono::milliseconds(20);

std::string reason() { return std::generic_category().message(errno); }

// nullopt: there is no such file.
Result<std::optional<std::string>> read_if_there(const fs::path& path) {
  auto text = read_file(path);
  if (text) return std::optional<std::string>(std::move(*text));
  std::error_code error;
  if (!fs::exists(path, error) && !error) return std::optional<std::string>();
  return fail(SiteErrc::unreadable, std::move(text).error().message);
}

Status replace(const fs::path& path, std::string_view text) {
  auto written = write_file(path, text, 0644);
  if (!written) return fail(SiteErrc::unwritable, std::move(written).error().message);
  return {};
}

std::string first_of(const std::vector<api::FieldError>& errors) {
  std::string more = errors.size() > 1 ? " (and " + std::to_string(errors.size() - 1) + " more)" : "";
  return api::text(errors.front()) + more;
}

}  // namespace

ResourceDirectory::ResourceDirectory(fs::path state_directory) : root_(std::move(state_directory)) {}

fs::path ResourceDirectory::folder() const { return root_ / "resources" / "chatclusters"; }

fs::path ResourceDirectory::file(std::string_view name, std::string_view ending) const {
  return folder() / (std::string(name) + std::string(ending));
}

Status ResourceDirectory::create_folders() const {
  // Postgres, which may run as another user, must reach its data below the root.
  for (const auto& path : {root_, root_ / "resources", folder()})
    if (auto made = make_directory(path, 0755); !made)
      return fail(SiteErrc::unwritable, made.error().message + "; choose another directory with --dir");
  return {};
}

Result<std::vector<std::string>> ResourceDirectory::names() const {
  constexpr std::string_view kEnding = ".yaml";
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator at(folder(), error);
  if (error == std::errc::no_such_file_or_directory) return names;
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    std::string name = at->path().filename().string();
    if (!name.ends_with(kEnding)) continue;
    name.resize(name.size() - kEnding.size());
    if (api::is_resource_name(name)) names.push_back(std::move(name));
  }
  if (error) return fail(SiteErrc::unreadable, folder().string() + " can not be read: " + error.message());
  std::sort(names.begin(), names.end());
  return names;
}

Result<ports::StoredCluster> ResourceDirectory::read(std::string_view name) const {
  if (!api::is_resource_name(name))  // also keeps "../x" from being a path
    return fail(SiteErrc::not_found, "there is no ChatCluster \"" + std::string(name.substr(0, 100)) + "\"");
  auto text = read_if_there(file(name, ".yaml"));
  if (!text) return fail(text.error());
  if (!*text) return fail(SiteErrc::not_found, "there is no ChatCluster \"" + std::string(name) + "\"");
  auto cluster = api::parse_chat_cluster(**text);
  if (!cluster) return fail(SiteErrc::invalid, file(name, ".yaml").string() + ": " + first_of(cluster.error()));
  if (cluster->metadata.name != name)
    return fail(SiteErrc::invalid, file(name, ".yaml").string() + " holds a ChatCluster of another name (" +
                                       cluster->metadata.name + "): rename the file");
  ports::StoredCluster stored{std::move(*cluster), ::access(file(name, ".deleting").c_str(), F_OK) == 0};
  auto status = read_if_there(file(name, ".status.json"));
  if (!status) return fail(status.error());
  // A broken status is no reason to fail: it is only a copy of what the operator knows, and it writes it anew.
  if (*status)
    if (auto parsed = api::parse_status(**status)) stored.cluster.status = std::move(*parsed);
  return stored;
}

Status ResourceDirectory::write(const api::ChatCluster& cluster) const {
  const auto path = file(cluster.metadata.name, ".yaml");
  // What an interrupted remove() left behind is not meant for the new resource of that name.
  if (::access(path.c_str(), F_OK) != 0) ::unlink(file(cluster.metadata.name, ".deleting").c_str());
  return replace(path, api::to_yaml(cluster, api::Part::SpecOnly));
}

Result<bool> ResourceDirectory::write_status(std::string_view name, const api::ChatClusterStatus& status) const {
  const auto path = file(name, ".status.json");
  const std::string text = api::json_text(api::to_json(status));
  if (auto current = read_file(path); current && *current == text) return false;
  if (auto written = replace(path, text); !written) return fail(written.error());
  return true;
}

Status ResourceDirectory::mark_deleting(std::string_view name) const { return replace(file(name, ".deleting"), ""); }

Status ResourceDirectory::remove(std::string_view name) const {
  // The marker goes last: a removal cut short is still a deletion.
  for (auto ending : {".status.json", ".yaml", ".deleting"}) {
    const auto path = file(name, ending);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
      return fail(SiteErrc::unwritable, path.string() + " can not be removed: " + reason());
  }
  return {};
}

Result<ResourceLock> ResourceLock::take(const ResourceDirectory& directory) {
  const auto path = directory.folder().parent_path() / ".lock";
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return fail(SiteErrc::unwritable, path.string() + " can not be opened: " + reason());
  ResourceLock lock(fd);
  // flock() has no deadline of its own; writers hold the lock for milliseconds.
  const auto deadline = std::chrono::steady_clock::now() + kLockWait;
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return fail(SiteErrc::unwritable, path.string() + " can not be locked: " + reason());
    if (std::chrono::steady_clock::now() > deadline)
      return fail(SiteErrc::unwritable, path.string() + " is held by another chatctl: try again when it has ended");
    std::this_thread::sleep_for(kLockPoll);
  }
  return lock;
}

ResourceLock::ResourceLock(ResourceLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

ResourceLock::~ResourceLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace chatop::local
