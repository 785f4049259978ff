#include "operator/local/directory_watch.hpp"

#include <sys/inotify.h>

#include <boost/asio/buffer.hpp>
#include <cerrno>

#include "operator/local/files.hpp"

namespace chatop::local {

DirectoryWatch::DirectoryWatch(const boost::asio::any_io_executor& executor, std::function<void()> changed)
    : descriptor_(executor), changed_(std::move(changed)) {}

chat::base::Status DirectoryWatch::watch(const std::filesystem::path& folder) {
  const int fd = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (fd >= 0) descriptor_.assign(fd);
  constexpr auto kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE;
  if (fd < 0 || ::inotify_add_watch(fd, folder.c_str(), kEvents) < 0)
    return chat::base::fail(FileErrc::read,
                            folder.string() + " can not be watched: " + std::generic_category().message(errno));
  wait();
  return {};
}

void DirectoryWatch::wait() {
  descriptor_.async_read_some(boost::asio::buffer(events_),
                              [this](const boost::system::error_code& error, std::size_t) {
                                if (error) return;  // the object is gone or going
                                changed_();
                                wait();
                              });
}

}  // namespace chatop::local
