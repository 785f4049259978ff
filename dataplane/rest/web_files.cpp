#include "dataplane/rest/web_files.hpp"

#include <array>
#include <fstream>
#include <iterator>

#include "dataplane/base/digest.hpp"

namespace chat::rest {
namespace {

constexpr std::size_t kMostFiles = 500;
constexpr std::uintmax_t kMostBytes = 2 * 1024 * 1024;
constexpr int kMostFolders = 4;
constexpr std::chrono::seconds kLookAgain{1};

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kTypes = {{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".webmanifest", "application/manifest+json"},
}};

std::string_view content_type(const std::filesystem::path& file) {
  const std::string ending = file.extension().string();
  for (const auto& [known, type] : kTypes) {
    if (ending == known) return type;
  }
  return {};
}

bool is_hidden(const std::filesystem::path& path) { return path.filename().string().starts_with('.'); }

bool names(std::string_view if_none_match, std::string_view etag) {
  return if_none_match == "*" || if_none_match.find(etag) != std::string_view::npos;
}

}  // namespace

void WebFiles::look(base::SteadyTime now) {
  if (looked_at_ != base::SteadyTime{} && now < looked_at_ + kLookAgain) return;
  looked_at_ = now;
  namespace fs = std::filesystem;
  std::error_code error;
  decltype(files_) found;
  for (auto at = fs::recursive_directory_iterator(directory_, error);
       !error && at != fs::recursive_directory_iterator() && found.size() < kMostFiles; at.increment(error)) {
    if (at->is_directory(error)) {
      if (is_hidden(at->path()) || at.depth() >= kMostFolders) at.disable_recursion_pending();
      continue;
    }
    const auto type = content_type(at->path());
    if (type.empty() || is_hidden(at->path()) || !at->is_regular_file(error)) continue;
    File file;
    file.written = at->last_write_time(error);
    file.size = at->file_size(error);
    if (error || file.size > kMostBytes) continue;
    const std::string name = "/" + at->path().lexically_relative(directory_).generic_string();
    if (auto known = files_.find(name);
        known != files_.end() && known->second.written == file.written && known->second.size == file.size) {
      found.insert(files_.extract(known));
      continue;
    }
    std::ifstream in(at->path(), std::ios::binary);
    file.bytes.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    file.etag = "\"" + base::base64url(base::sha256(file.bytes)).substr(0, 22) + "\"";
    file.content_type = type;
    found.emplace(name, std::move(file));
  }
  files_ = std::move(found);
}

Result<Answer> WebFiles::get(const Call& call, base::SteadyTime now) {
  look(now);
  const auto found = files_.find(call.target.path == "/" ? std::string_view("/index.html") : call.target.path);
  if (found == files_.end()) return base::fail(domain::Errc::not_found, "there is nothing at this address");
  const File& file = found->second;
  Answer answer;
  answer.content_type = file.content_type;
  answer.headers.emplace_back("ETag", file.etag);
  // Names carry no version, so a browser asks each time; mostly it hears 304.
  answer.headers.emplace_back("Cache-Control", "no-cache");
  if (names(call.header("If-None-Match"), file.etag))
    answer.code = status::not_modified;
  else
    answer.bytes = file.bytes;
  return answer;
}

}  // namespace chat::rest
