#pragma once
#include <filesystem>
#include <string>

#include "dataplane/base/result.hpp"

namespace chatop::local {

// What the machine must have before a cluster can run on it.
struct Requirements {
  std::filesystem::path initdb;
  std::filesystem::path postgres;
  std::filesystem::path redis_server;
  std::string postgres_user;  // whom Postgres runs as; empty: as ourselves
};
// A failure is a sentence that says what to install.
[[nodiscard]] chat::base::Result<Requirements> find_requirements();

// The first folder on the way to `path` that `user` can not enter; empty: it can reach it.
[[nodiscard]] std::filesystem::path closed_folder(const std::filesystem::path& path, const std::string& user);
[[nodiscard]] chat::base::Status give_to(const std::filesystem::path& path, const std::string& user);

}  // namespace chatop::local
