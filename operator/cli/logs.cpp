#include <algorithm>
#include <array>
#include <fstream>
#include <ostream>

#include "dataplane/base/text.hpp"
#include "operator/cli/documents.hpp"
#include "operator/cli/operator_process.hpp"
#include "operator/cli/verbs.hpp"
#include "operator/cli/waiter.hpp"
#include "operator/local/layout.hpp"

namespace chatop::cli {
namespace {

namespace fs = std::filesystem;
constexpr auto kLookAgain = std::chrono::seconds(2);

std::vector<std::string> known_logs(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error))
    if (at->path().extension() == ".log") names.push_back(at->path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

// Where the last `lines` lines begin.
std::streamoff start_of_tail(std::ifstream& in, std::int64_t lines) {
  in.seekg(0, std::ios::end);
  std::streamoff at = in.tellg();
  if (lines <= 0) return lines < 0 ? 0 : at;
  std::int64_t found = 0;
  std::array<char, 65536> part{};
  bool at_end = true;  // the newline that ends the last line does not count
  while (at > 0) {
    const auto size = std::min<std::streamoff>(at, part.size());
    in.seekg(at - size);
    in.read(part.data(), size);
    for (std::streamoff i = size - 1; i >= 0; --i) {
      if (part[static_cast<std::size_t>(i)] == '\n' && !at_end && ++found >= lines) return at - size + i + 1;
      at_end = false;
    }
    at -= size;
  }
  return 0;
}

// Prints from `at` to the end; gives the new end.
std::streamoff print_from(Session& session, const fs::path& file, std::streamoff at) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) return at;
  const std::streamoff size = in.tellg();
  if (size < at) at = 0;  // rotated: it was emptied
  in.seekg(at);
  std::array<char, 65536> part{};
  while (in.read(part.data(), part.size()), in.gcount() > 0) {
    session.out.write(part.data(), in.gcount());
    at += in.gcount();
  }
  session.out.flush();
  return at;
}

int show(Session& session, const fs::path& file, const LogsOptions& options) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return failed(session, file.string() + " can not be read");
  Waiter waiter(file.parent_path(), Waiter::Changes::FilesWritten,
                options.follow ? Waiter::Signals::Take : Waiter::Signals::Leave);
  auto at = print_from(session, file, start_of_tail(in, options.tail));
  while (options.follow && session.out) {
    if (waiter.wait(kLookAgain).interrupted) break;
    at = print_from(session, file, at);
  }
  return kDone;
}

}  // namespace

int logs(Session& session, const LogsOptions& options) {
  if (options.process == "operator") return show(session, operator_log(session.directory), options);
  auto stored = find_cluster(session, options.cluster);
  if (!stored) return kFailed;
  const local::ClusterLayout layout(session.directory, stored->cluster.metadata.name);
  auto known = known_logs(layout.logs());
  if (std::find(known.begin(), known.end(), options.process) != known.end())
    return show(session, layout.log(options.process), options);
  known.emplace_back("operator");
  auto near = chat::base::nearest(options.process.substr(0, 64), known);
  std::string list;
  for (const auto& name : known) list += (list.empty() ? "" : ", ") + name;
  return failed(session, "there is no process \"" + options.process + "\"" +
                             (near ? ": did you mean " + std::string(*near) + "?" : "") + " There are: " + list);
}

}  // namespace chatop::cli
