#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "operator/api/operation_rules.hpp"
#include "operator/api/parse.hpp"
#include "operator/api/update.hpp"

// tests/kubernetes/corpus, as local mode reads it. tests/kubernetes/test_corpus.py shows the same documents to a real
// API server: what is said above each document holds for both.
namespace {

using namespace chatop::api;

struct Case {
  std::string name;
  std::string yaml;
  std::string before;  // the document that is there already; empty: none
  bool refused = false;
  std::vector<std::string> says;
};

std::string after(const std::string& line, const std::string& mark) {
  return line.starts_with(mark) ? line.substr(mark.size()) : std::string();
}

// One document with the comment above it; nullopt for a comment without a verdict.
std::optional<Case> case_of(const std::string& text, const std::string& previous) {
  std::optional<Case> result;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line) && line.starts_with('#');) {
    for (const std::string verdict :
         {"accepted", "refused", "then accepted", "then refused", "refused by local mode only"})
      if (auto name = after(line, "# " + verdict + ": "); !name.empty()) {
        result = Case{
            name, text, verdict.starts_with("then") ? previous : "", verdict.find("refused") != std::string::npos, {}};
      }
    for (auto mark : {"#   says: ", "#   local: "})
      if (auto piece = after(line, mark); !piece.empty() && result) result->says.push_back(piece);
  }
  return result;
}

std::vector<Case> corpus() {
  std::vector<Case> cases;
  for (const auto& file : std::filesystem::directory_iterator(CHATCLUSTER_SOURCE_DIR "/tests/kubernetes/corpus")) {
    std::ifstream in(file.path());
    std::string document;
    std::string previous;
    auto end_document = [&] {
      if (auto found = case_of(document, previous)) cases.push_back(*found);
      previous = std::exchange(document, "");
    };
    for (std::string line; std::getline(in, line);) {
      if (line == "---")
        end_document();
      else
        document += line + "\n";
    }
    end_document();
  }
  return cases;
}

std::vector<FieldError> update_errors(const Document& current, const Document& next) {
  if (current.index() != next.index()) return {FieldError{"kind", 0, "is another", "keep it"}};
  if (const auto* cluster = std::get_if<ChatCluster>(&current))
    return validate_update(*cluster, std::get<ChatCluster>(next));
  return validate_update(std::get<ChatOperation>(current), std::get<ChatOperation>(next));
}

std::vector<FieldError> verdict(const Case& document) {
  auto next = parse_documents(document.yaml);
  if (!next) return next.error();
  if (document.before.empty()) return {};
  auto before = parse_documents(document.before);
  if (!before) return before.error();
  return update_errors(before->front(), next->front());
}

TEST(Corpus, LocalModeJudgesEachDocumentAsItSays) {
  const auto cases = corpus();
  std::size_t refused = 0;
  for (const auto& document : cases) {
    SCOPED_TRACE(document.name + "\n" + document.yaml);
    std::string all;
    for (const auto& error : verdict(document)) all += text(error) + "\n";
    EXPECT_EQ(!all.empty(), document.refused) << all;
    if (document.refused) {
      ++refused;
      EXPECT_FALSE(document.says.empty()) << "a refusal without its message";
    }
    for (const auto& piece : document.says) EXPECT_NE(all.find(piece), std::string::npos) << piece << "\n" << all;
  }
  EXPECT_GE(cases.size(), 60u);
  EXPECT_GT(refused, cases.size() / 2);
}

}  // namespace
