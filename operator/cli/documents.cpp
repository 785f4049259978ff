#include "operator/cli/documents.hpp"

#include <array>
#include <fstream>
#include <iostream>
#include <ostream>
#include <utility>

#include "operator/api/parse.hpp"
#include "operator/api/stored.hpp"

namespace chatop::cli {
namespace {

constexpr std::size_t kMostBytes = 1024 * 1024 + 1;  // one more than a document may have, so that parsing says so
constexpr std::array<std::string_view, 3> kChangeNames{"created", "configured", "unchanged"};

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

std::string there_are(const Session& session, const std::vector<std::string>& names) {
  std::string list;
  for (const auto& known : names) list += (list.empty() ? "" : ", ") + known;
  return names.empty() ? "there is none in " + session.site.where() : "there are: " + list;
}

bool not_found(const chat::base::Error& error) { return error.code == make_error_code(ports::SiteErrc::not_found); }

}  // namespace

std::string kind_and_name(const api::Document& document) {
  if (const auto* cluster = std::get_if<api::ChatCluster>(&document)) return "chatcluster/" + cluster->metadata.name;
  return "chatoperation/" + std::get<api::ChatOperation>(document).metadata.name;
}

std::optional<std::vector<ports::Proposal>> read_documents(Session& session, const std::string& file) {
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
  auto written = api::as_written(text, *documents);
  std::vector<ports::Proposal> proposals;
  for (std::size_t i = 0; i < documents->size(); ++i)
    proposals.push_back({std::move((*documents)[i]), std::move(written.at(i))});
  return proposals;
}

std::optional<ports::StoredCluster> find_cluster(Session& session, const std::string& name) {
  std::string wanted = name;
  if (wanted.empty()) {
    auto names = session.site.names();
    if (!names) {
      failed(session, names.error());
      return std::nullopt;
    }
    if (names->size() != 1) {
      failed(session, (names->empty() ? "no ChatCluster: " : "say which ChatCluster: ") + there_are(session, *names));
      return std::nullopt;
    }
    wanted = names->front();
  }
  auto stored = session.site.read(wanted);
  if (stored) return std::move(*stored);
  auto names = not_found(stored.error()) ? session.site.names() : chat::base::fail(stored.error());
  failed(session, stored.error().message + (names ? ": " + there_are(session, *names) : ""));
  return std::nullopt;
}

std::optional<ports::StoredOperation> find_operation(Session& session, const std::string& name) {
  auto stored = session.site.read_operation(name);
  if (stored) return std::move(*stored);
  std::vector<std::string> names;
  const auto known = not_found(stored.error()) ? session.site.operations() : chat::base::fail(stored.error());
  if (known)
    for (const auto& each : known->items) names.push_back(each.operation.metadata.name);
  failed(session, stored.error().message + (known ? ": " + there_are(session, names) : ""));
  return std::nullopt;
}

int store(Session& session, const std::vector<ports::Proposal>& proposals) {
  if (auto made = session.site.prepare(); !made) return failed(session, made.error());
  auto lock = session.site.lock();
  if (!lock) return failed(session, lock.error());
  std::vector<ports::Change> changes;
  bool refused = false;
  for (const auto& proposal : proposals) {
    auto judged = session.site.judge(proposal);
    if (!judged) refused = failed(session, judged.error()) != kDone;
    if (!judged) continue;
    for (const auto& refusal : judged->refusals) refused = failed(session, refusal) != kDone;
    changes.push_back(judged->change);
  }
  if (refused) return kFailed;
  for (std::size_t i = 0; i < proposals.size(); ++i) {
    if (changes[i] != ports::Change::unchanged)
      if (auto applied = session.site.apply(proposals[i]); !applied) return failed(session, applied.error());
    session.out << kind_and_name(proposals[i].document) << " " << kChangeNames[static_cast<std::size_t>(changes[i])]
                << std::endl;
  }
  return kDone;
}

}  // namespace chatop::cli
