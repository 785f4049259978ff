#include "operator/local/write_failure.hpp"

#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "operator/local/files.hpp"
#include "operator/ports/platform.hpp"

namespace chatop::local {
namespace {

using ports::PlatformErrc;

std::string our_user() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry != nullptr ? std::string(entry->pw_name) : std::to_string(::geteuid());
}

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace

chat::base::Error write_failure(std::string what, int error) {
  what += ": " + reason(error);
  if (error == ENOSPC || error == EDQUOT) return {PlatformErrc::disk_full, what + ": make room on that disk"};
  if (error == EROFS)
    return {PlatformErrc::no_permission, what + ": mount it for writing, or choose another directory"};
  if (error == EACCES || error == EPERM)
    return {PlatformErrc::no_permission,
            what + ": give the user " + our_user() + " the right to write there, or choose another directory"};
  return {FileErrc::write, what};
}

chat::base::Error program_failure(std::string text) {
  if (text.find(reason(ENOSPC)) != std::string::npos)
    return {PlatformErrc::disk_full, text + ": make room on that disk"};
  if (text.find(reason(EACCES)) != std::string::npos)
    return {PlatformErrc::no_permission, text + ": give its user the right to that path"};
  return {PlatformErrc::later, std::move(text)};
}

}  // namespace chatop::local
