#include "operator/local/requirements.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <sstream>
#include <vector>

#include "operator/local/files.hpp"
#include "operator/ports/platform.hpp"

namespace chatop::local {
namespace {

namespace fs = std::filesystem;

bool executable(const fs::path& path) { return ::access(path.c_str(), X_OK) == 0; }

fs::path on_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (auto candidate = fs::path(folder) / program; executable(candidate)) return candidate;
  }
  for (const char* folder : {"/usr/bin", "/usr/local/bin", "/usr/sbin"}) {
    if (auto candidate = fs::path(folder) / program; executable(candidate)) return candidate;
  }
  return {};
}

fs::path of_postgres(const std::string& program) {
  const auto debian = fs::path("/usr/lib/postgresql/15/bin") / program;
  return executable(debian) ? debian : on_path(program);
}

std::vector<gid_t> groups_of(const passwd& user) {
  std::vector<gid_t> groups(64);
  int count = static_cast<int>(groups.size());
  if (::getgrouplist(user.pw_name, user.pw_gid, groups.data(), &count) < 0) count = static_cast<int>(groups.size());
  groups.resize(static_cast<std::size_t>(std::max(count, 0)));
  return groups;
}

}  // namespace

chat::base::Result<Requirements> find_requirements() {
  auto person = [](const char* message) { return chat::base::fail(ports::PlatformErrc::person, message); };
  Requirements found{of_postgres("initdb"), of_postgres("postgres"), on_path("redis-server"), {}};
  if (found.initdb.empty() || found.postgres.empty())
    return person(
        "PostgreSQL 15 is not installed (no initdb in /usr/lib/postgresql/15/bin nor on PATH): apt-get install "
        "postgresql-15");
  if (found.redis_server.empty())
    return person("Redis is not installed (no redis-server on PATH): apt-get install redis-server");
  if (::geteuid() != 0) return found;
  found.postgres_user = "postgres";
  if (::getpwnam("postgres") == nullptr)
    return person(
        "PostgreSQL refuses to run as root, and there is no user postgres to run it as: create that user, or run as an "
        "ordinary user");
  return found;
}

fs::path closed_folder(const fs::path& path, const std::string& user) {
  const passwd* entry = ::getpwnam(user.c_str());
  if (entry == nullptr || entry->pw_uid == 0) return {};
  const auto groups = groups_of(*entry);
  fs::path folder;
  for (const auto& part : path) {
    folder /= part;
    struct stat info {};
    if (::stat(folder.c_str(), &info) != 0) return {};  // not made yet: we give it the right permissions
    mode_t needed = S_IXOTH;
    if (info.st_uid == entry->pw_uid)
      needed = S_IXUSR;
    else if (std::find(groups.begin(), groups.end(), info.st_gid) != groups.end())
      needed = S_IXGRP;
    if ((info.st_mode & needed) == 0) return folder;
  }
  return {};
}

chat::base::Status give_to(const fs::path& path, const std::string& user) {
  if (user.empty()) return {};
  const passwd* entry = ::getpwnam(user.c_str());
  if (entry != nullptr && ::chown(path.c_str(), entry->pw_uid, entry->pw_gid) == 0) return {};
  return chat::base::fail(FileErrc::write, path.string() + " can not be given to the user " + user);
}

}  // namespace chatop::local
