#pragma once
#include <filesystem>
#include <string>

namespace chatop::local {

// Where our own programs and the files they read stand: <prefix>/bin and <prefix>/share, found from /proc/self/exe.
struct Installation {
  std::filesystem::path bin;
  std::filesystem::path migrations;
  std::filesystem::path web;
  [[nodiscard]] static Installation of_this_program();
};

// The folder of one ChatCluster below the state directory. Names only; nothing is made here.
struct ClusterLayout {
  std::filesystem::path root;  // DIR/clusters/<name>
  std::string cluster;

  ClusterLayout(const std::filesystem::path& directory, std::string name)
      : root(directory / "clusters" / name), cluster(std::move(name)) {}
  [[nodiscard]] std::filesystem::path ports() const { return root / "ports.json"; }
  [[nodiscard]] std::filesystem::path map() const { return root / "map.json"; }
  [[nodiscard]] std::filesystem::path drains() const { return root / "drains.json"; }
  [[nodiscard]] std::filesystem::path secrets() const { return root / "secrets"; }
  [[nodiscard]] std::filesystem::path secret(const std::string& name) const { return secrets() / name; }
  [[nodiscard]] std::filesystem::path jwt_keys() const { return secrets() / "jwt"; }
  [[nodiscard]] std::filesystem::path config() const { return root / "config"; }
  [[nodiscard]] std::filesystem::path run() const { return root / "run"; }
  [[nodiscard]] std::filesystem::path identity(const std::string& process) const { return run() / (process + ".json"); }
  [[nodiscard]] std::filesystem::path logs() const { return root / "logs"; }
  [[nodiscard]] std::filesystem::path log(const std::string& process) const { return logs() / (process + ".log"); }
  [[nodiscard]] std::filesystem::path postgres() const { return root / "postgres"; }
  [[nodiscard]] std::filesystem::path data(const std::string& shard) const { return postgres() / shard; }
  [[nodiscard]] std::filesystem::path redis() const { return root / "redis"; }
};

}  // namespace chatop::local
