#pragma once
#include <cstddef>

namespace chat::base {

// How many files this process may have open at the same time now: the limit can be changed from outside while it runs.
[[nodiscard]] std::size_t open_files_limit();
// Raises the limit to what the machine allows this user: it often starts at 1,024.
void raise_open_files();
// Of a process that serves many connections: so many are kept for its own use (its admin side, its servers, files), so
// that it can be looked after when it is full.
[[nodiscard]] std::size_t files_for_connections();

}  // namespace chat::base
