#pragma once
#include <filesystem>
#include <iosfwd>

#include "operator/local/site_watch.hpp"

namespace chatop::local {

// Copies a log file to `out`: its last `tail` lines (-1: all), then, with `more`, what is appended until that watch is
// interrupted or `out` fails. A file that shrank was rotated and is read from its start. SiteErrc::unreadable.
[[nodiscard]] chat::base::Status copy_log_file(const std::filesystem::path& file, std::int64_t tail, ports::Watch* more,
                                               std::ostream& out);

}  // namespace chatop::local
