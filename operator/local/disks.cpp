#include "operator/local/disks.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <map>

namespace chatop::local {

std::vector<ports::DiskView> look_at_disks(const ClusterLayout& layout, const std::vector<std::string>& shards) {
  std::vector<ports::DiskView> disks;
  std::map<dev_t, std::size_t> known;
  auto look = [&](const std::filesystem::path& path, const std::string& what) {
    struct stat info {};
    struct statvfs space {};
    if (::stat(path.c_str(), &info) != 0 || ::statvfs(path.c_str(), &space) != 0) return;
    auto [place, is_new] = known.try_emplace(info.st_dev, disks.size());
    if (is_new) {
      const auto block = static_cast<std::int64_t>(space.f_frsize);
      const bool no_files_left = space.f_files > 0 && space.f_favail == 0;
      disks.push_back({path.string(),
                       {},
                       no_files_left ? 0 : static_cast<std::int64_t>(space.f_bavail) * block,
                       static_cast<std::int64_t>(space.f_blocks) * block});
    }
    disks[place->second].holds.push_back(what);
  };
  look(layout.root, "status and configuration");
  look(layout.logs(), "logs");
  for (const auto& shard : shards) look(layout.data(shard), shard);
  return disks;
}

}  // namespace chatop::local
