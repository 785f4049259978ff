#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace chatop::cli {

// Columns as wide as their longest cell (in characters), three spaces between them, nothing at the ends of lines.
class Table {
 public:
  explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  Table() = default;
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] std::string text(std::string_view indent = "") const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace chatop::cli
