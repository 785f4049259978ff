#include "operator/cli/table.hpp"

#include <algorithm>

#include "dataplane/base/text.hpp"

namespace chatop::cli {
namespace {

std::size_t width(const std::string& cell) { return chat::base::code_points(cell).value_or(cell.size()); }

}  // namespace

std::string Table::text(std::string_view indent) const {
  constexpr std::size_t kGap = 3;
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line(indent);
    for (std::size_t i = 0; i < row.size(); ++i) line += row[i] + std::string(widths[i] - width(row[i]) + kGap, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

}  // namespace chatop::cli
