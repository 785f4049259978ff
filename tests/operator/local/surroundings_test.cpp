// What LocalPlatform reads of the machine around it, and how it says what it could not write there.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "operator/local/disks.hpp"
#include "operator/local/files.hpp"
#include "operator/local/identity.hpp"
#include "operator/local/port_holder.hpp"
#include "operator/local/write_failure.hpp"
#include "operator/ports/platform.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/temp_dir.hpp"

namespace chatop::local {
namespace {

using ports::PlatformErrc;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Disks, WhatIsOnOneDiskIsNamedTogether) {
  const chat::testing::TempDir dir;
  const ClusterLayout layout(dir.path(), "demo");
  for (const auto& folder : {layout.logs(), layout.data("shard-0"), layout.data("shard-1")})
    ASSERT_TRUE(make_directory(folder, 0755));
  const auto disks = look_at_disks(layout, {"shard-0", "shard-1", "shard-2"});  // the third is not there
  ASSERT_EQ(disks.size(), 1U);
  EXPECT_THAT(disks[0].holds, ElementsAre("status and configuration", "logs", "shard-0", "shard-1"));
  EXPECT_GT(disks[0].free_bytes, 0);
  EXPECT_GT(disks[0].total_bytes, disks[0].free_bytes);
}

TEST(PortHolder, NamesTheProgramThatListensThere) {
  const auto port = chat::testing::free_port();
  EXPECT_EQ(port_holder(port), "");
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(fd, 1), 0);
  EXPECT_THAT(port_holder(port), HasSubstr("(pid " + std::to_string(::getpid()) + ")"));
  ::close(fd);
}

TEST(WriteFailure, SaysWhatAPersonCanDo) {
  const auto full = write_failure("/x can not be written", ENOSPC);
  EXPECT_EQ(full.code, PlatformErrc::disk_full);
  EXPECT_EQ(full.message, "/x can not be written: No space left on device: make room on that disk");
  const auto denied = write_failure("/x can not be written", EACCES);
  EXPECT_EQ(denied.code, PlatformErrc::no_permission);
  EXPECT_THAT(denied.message, HasSubstr("Permission denied: give the user "));
  EXPECT_EQ(write_failure("/x", EIO).code, FileErrc::write);
  EXPECT_EQ(program_failure("initdb failed: could not write: No space left on device").code, PlatformErrc::disk_full);
  EXPECT_EQ(program_failure("initdb failed").code, PlatformErrc::later);
}

TEST(Identity, TheAgeOfAProcessIsKnownWithoutTheWallClock) {
  const auto start = start_time_of(::getpid());
  ASSERT_TRUE(start.has_value());
  EXPECT_GE(milliseconds_since(*start), 0);
  EXPECT_GE(milliseconds_since(*start - ::sysconf(_SC_CLK_TCK)), 1000);
}

}  // namespace
}  // namespace chatop::local
