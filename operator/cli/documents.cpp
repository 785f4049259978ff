#include "operator/cli/documents.hpp"

#include <fstream>
#include <iostream>
#include <iterator>
#include <ostream>
#include <utility>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/text.hpp"
#include "dataplane/base/ulid.hpp"
#include "operator/api/parse.hpp"
#include "operator/api/update.hpp"

namespace chatop::cli {
namespace {

constexpr std::size_t kMostBytes = 1024 * 1024 + 1;  // one more than a document may have, so that parsing says so

std::string read_some(std::istream& in) {
  std::string text(kMostBytes, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

void print(Session& session, const std::string& file, const std::vector<api::FieldError>& errors) {
  for (const auto& error : errors)
    failed(session, file + (error.line > 0 ? ":" + std::to_string(error.line) : "") + ": " + api::text(error));
}

struct Change {
  api::ChatCluster next;
  std::string_view word;  // created, configured, unchanged
};

// What storing `cluster` means; nullopt after its refusal was printed.
std::optional<Change> change_of(Session& session, const api::ChatCluster& cluster) {
  const std::string& name = cluster.metadata.name;
  if (auto accepted = session.machine.accepts(cluster); !accepted) {
    failed(session, accepted.error());
    return std::nullopt;
  }
  auto current = session.machine.read(name);
  if (!current && current.error().code == make_error_code(ports::SiteErrc::not_found)) {
    auto uid = chat::base::new_ulid(session.now_milliseconds).uuid_text();
    return Change{api::created(cluster, std::move(uid), chat::base::rfc3339(session.now_milliseconds)), "created"};
  }
  if (!current) {
    failed(session, current.error());
    return std::nullopt;
  }
  if (current->deleting) {
    failed(session, "chatcluster/" + name + " is being deleted: wait for its end (chatctl delete chatcluster " + name +
                        " --wait), then apply again");
    return std::nullopt;
  }
  const auto refusals = api::validate_update(current->cluster, cluster);
  for (const auto& refusal : refusals) failed(session, "chatcluster/" + name + ": " + api::text(refusal));
  if (!refusals.empty()) return std::nullopt;
  auto next = api::updated(current->cluster, cluster);
  const bool same = next == current->cluster;
  return Change{std::move(next), same ? "unchanged" : "configured"};
}

}  // namespace

std::optional<std::vector<api::ChatCluster>> read_documents(Session& session, const std::string& file) {
  const bool standard_input = file == "-";
  std::string text;
  if (standard_input) {
    text = read_some(std::cin);
  } else {
    std::ifstream in(file, std::ios::binary);
    if (in) text = read_some(in);
    if (!in.eof()) {  // could not be opened, is a directory, or is too large
      if (text.size() < kMostBytes) {
        failed(session, file + " can not be read: is there such a file?");
        return std::nullopt;
      }
    }
  }
  auto documents = api::parse_documents(text);
  if (!documents) {
    print(session, standard_input ? "standard input" : file, documents.error());
    return std::nullopt;
  }
  std::vector<api::ChatCluster> clusters;
  bool served = true;
  for (auto& document : *documents) {
    if (auto* cluster = std::get_if<api::ChatCluster>(&document)) {
      clusters.push_back(std::move(*cluster));
      continue;
    }
    const auto& operation = std::get<api::ChatOperation>(document);
    failed(session, "chatoperation/" + operation.metadata.name + ": no operation is served yet by this version: " +
                        std::string(api::kOperationTypeNames[static_cast<std::size_t>(operation.spec.type)]) +
                        " can not be run, and nothing was applied");
    served = false;
  }
  if (!served) return std::nullopt;
  return clusters;
}

std::optional<ports::StoredCluster> find_cluster(Session& session, const std::string& name) {
  auto names = session.machine.names();
  if (!names) {
    failed(session, names.error());
    return std::nullopt;
  }
  std::string list;
  for (const auto& known : *names) list += (list.empty() ? "" : ", ") + known;
  const std::string there_are = names->empty() ? "there is none in " + session.machine.where() : "there are: " + list;
  std::string wanted = name;
  if (wanted.empty()) {
    if (names->size() != 1) {
      failed(session, (names->empty() ? "no ChatCluster: " : "say which ChatCluster: ") + there_are);
      return std::nullopt;
    }
    wanted = names->front();
  }
  auto stored = session.machine.read(wanted);
  if (stored) return std::move(*stored);
  const bool missing = stored.error().code == make_error_code(ports::SiteErrc::not_found);
  failed(session, stored.error().message + (missing ? ": " + there_are : ""));
  return std::nullopt;
}

int store(Session& session, const std::vector<api::ChatCluster>& clusters) {
  if (auto made = session.machine.prepare(); !made) return failed(session, made.error());
  auto lock = session.machine.lock();
  if (!lock) return failed(session, lock.error());
  std::vector<Change> changes;
  for (const auto& cluster : clusters)
    if (auto change = change_of(session, cluster)) changes.push_back(std::move(*change));
  if (changes.size() != clusters.size()) return kFailed;
  for (const auto& change : changes) {
    if (change.word != "unchanged")
      if (auto written = session.machine.write(change.next); !written) return failed(session, written.error());
    session.out << "chatcluster/" << change.next.metadata.name << " " << change.word << std::endl;
  }
  return kDone;
}

}  // namespace chatop::cli
