#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/config.hpp"
#include "operator/local/daemon_files.hpp"
#include "operator/local/files.hpp"
#include "operator/local/log_rotation.hpp"
#include "operator/local/operator_lock.hpp"
#include "operator/local/ports_file.hpp"
#include "operator/local/requirements.hpp"
#include "operator/local/secrets.hpp"
#include "tests/support/temp_dir.hpp"

namespace chatop::local {
namespace {

using chat::testing::TempDir;

mode_t mode_of(const std::filesystem::path& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

TEST(PortsFile, AreChosenOnceAndKept) {
  TempDir dir;
  auto file = PortsFile::load(dir.path() / "ports.json");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->find("gateway-0"), 0);
  std::set<std::uint16_t> seen;
  for (const char* key : {"gateway-0", "gateway-0.admin", "gateways", "redis"}) {
    auto port = file->take(key);
    ASSERT_TRUE(port);
    EXPECT_TRUE(port_is_free(*port));
    EXPECT_TRUE(seen.insert(*port).second);
  }
  auto again = PortsFile::load(dir.path() / "ports.json");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->take("gateways").value(), file->find("gateways"));
  auto other = again->replace("gateways");
  ASSERT_TRUE(other);
  EXPECT_NE(*other, file->find("gateways"));
  EXPECT_EQ(PortsFile::load(dir.path() / "ports.json")->find("gateways"), *other);
}

TEST(PortsFile, APortThatSomebodyListensOnIsNotFree) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(fd, 1), 0);
  ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  EXPECT_FALSE(port_is_free(ntohs(address.sin_port)));
  ::close(fd);
  EXPECT_TRUE(port_is_free(ntohs(address.sin_port)));
}

TEST(PortsFile, ADamagedFileIsSaidAndNotReplaced) {
  TempDir dir;
  dir.write("ports.json", "[1");
  auto file = PortsFile::load(dir.path() / "ports.json");
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message.find("ports.json"), std::string::npos);
}

TEST(Secrets, AreMadeOnceAndForUsAlone) {
  TempDir dir;
  const ClusterLayout layout(dir.path(), "demo");
  ASSERT_TRUE(make_directory(layout.root, 0755));
  ASSERT_TRUE(make_secrets(layout));
  const auto token = chat::base::read_secret(layout.secret(kAdminToken)).value();
  EXPECT_EQ(token.size(), 64U);
  EXPECT_NE(token, chat::base::read_secret(layout.secret(kRedisPassword)).value());
  EXPECT_EQ(mode_of(layout.secrets()), 0700U);
  EXPECT_EQ(mode_of(layout.secret(kAdminToken)), 0600U);
  std::vector<std::filesystem::path> keys;
  for (const auto& entry : std::filesystem::directory_iterator(layout.jwt_keys())) {
    keys.push_back(entry.path());
    EXPECT_EQ(mode_of(entry.path()), 0600U);
  }
  ASSERT_EQ(keys.size(), 2U);
  ASSERT_TRUE(make_secrets(layout));
  EXPECT_EQ(chat::base::read_secret(layout.secret(kAdminToken)).value(), token);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(layout.jwt_keys()), {}), 2);
}

TEST(Secrets, TheSigningKeyIsRsa2048AndItsPublicHalfBelongsToIt) {
  TempDir dir;
  const ClusterLayout layout(dir.path(), "demo");
  ASSERT_TRUE(make_directory(layout.root, 0755));
  ASSERT_TRUE(make_secrets(layout));
  EVP_PKEY* whole = nullptr;
  EVP_PKEY* half = nullptr;
  for (const auto& entry : std::filesystem::directory_iterator(layout.jwt_keys())) {
    FILE* file = std::fopen(entry.path().c_str(), "r");
    if (entry.path().string().ends_with(".pub.pem"))
      half = PEM_read_PUBKEY(file, nullptr, nullptr, nullptr);
    else
      whole = PEM_read_PrivateKey(file, nullptr, nullptr, nullptr);
    std::fclose(file);
  }
  ASSERT_TRUE(whole != nullptr && half != nullptr);
  EXPECT_EQ(EVP_PKEY_get_bits(whole), 2048);
  EXPECT_EQ(EVP_PKEY_eq(whole, half), 1);
  EVP_PKEY_free(whole);
  EVP_PKEY_free(half);
}

TEST(Secrets, SigningKeysFollowEachOther) {
  TempDir dir;
  const ClusterLayout layout(dir.path(), "demo");
  ASSERT_TRUE(make_directory(layout.root, 0755));
  ASSERT_TRUE(make_secrets(layout));
  const auto names = [&layout] {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(layout.jwt_keys()))
      found.insert(entry.path().filename().string());
    return found;
  };
  const auto first = names();
  using What = settings::KeyStep::What;
  auto now = chat::base::SystemClock().now_milliseconds();
  EXPECT_EQ(rotate_signing_keys(layout, now)->what, What::nothing);
  EXPECT_EQ(names(), first);
  now += settings::kKeyLifeMs;
  for (const auto& [wait, what] :
       std::vector<std::pair<std::int64_t, What>>{{0, What::add},
                                                  {0, What::note},
                                                  {0, What::nothing},
                                                  {settings::kKeyReachesAllMs, What::sign},
                                                  {0, What::nothing},
                                                  {settings::kTokensHaveEndedMs, What::retire},
                                                  {0, What::nothing}}) {
    now += wait;
    const auto step = rotate_signing_keys(layout, now);
    ASSERT_TRUE(step) << step.error().message;
    EXPECT_EQ(step->what, what);
    for (const auto& entry : std::filesystem::directory_iterator(layout.jwt_keys()))
      EXPECT_EQ(mode_of(entry.path()), 0600U) << entry.path();
  }
  const auto after = names();
  EXPECT_EQ(after.size(), 3U);  // the new one's halves, and since when it signs
  for (const auto& name : first) EXPECT_FALSE(after.contains(name));
  // What is half written does not count, and is no obstacle.
  static_cast<void>(write_file(layout.jwt_keys() / "01HALF.next", "x", 0600));
  EXPECT_EQ(rotate_signing_keys(layout, now)->what, What::nothing);
}

TEST(DaemonFiles, AreWhatTheDaemonsRead) {
  TempDir dir;
  const ClusterLayout layout(dir.path(), "demo");
  ports::ProcessSpec process;
  process.name = "gateway-1";
  process.role = ports::Role::gateway;
  process.version = "1.2.3";
  process.allowed_origins = {"https://chat.example.org", "https://a \"quoted\" one"};
  const Addresses addresses{{"127.0.0.1", 1}, {"127.0.0.1", 2}, {"127.0.0.1", 3}, {"127.0.0.1", 4}};
  const Installation installation{"/bin", "/migrations", "/web"};
  const auto text = daemon_config(process, layout, installation, addresses);
  auto config = chat::base::load_daemon_config(dir.write("gateway-1.yaml", text));
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->name, "gateway-1");
  EXPECT_EQ(config->listen.port, 1);
  EXPECT_EQ(config->admin.port, 2);
  ASSERT_TRUE(config->shared.has_value());
  EXPECT_EQ(config->shared->port, 3);
  EXPECT_EQ(config->redis.port, 4);
  EXPECT_EQ(config->allowed_origins, process.allowed_origins);
  EXPECT_EQ(config->map_file, layout.map());
  EXPECT_EQ(config->public_url, "http://127.0.0.1:3");
  process.allowed_origins.pop_back();
  EXPECT_NE(short_hash(daemon_config(process, layout, installation, addresses)), short_hash(text));
}

TEST(DaemonFiles, PostgresKeepsWhatWasAcknowledgedAndLogsNoStatements) {
  const ClusterLayout layout("/tmp/with 'quote", "demo");
  ports::ProcessSpec process;
  process.name = "shard-0";
  process.role = ports::Role::shard;
  process.max_connections = 321;
  const auto text = postgres_config(process, layout, 5433);
  for (const char* line : {"\nfsync = on\n", "\nsynchronous_commit = on\n", "\nfull_page_writes = on\n",
                           "\nport = 5433\n", "\nmax_connections = 321\n", "\nunix_socket_directories = ''\n",
                           "\nlog_min_error_statement = 'panic'\n", "/with ''quote/"})
    EXPECT_NE(text.find(line), std::string::npos) << line;
}

TEST(OperatorLock, ASecondOneIsRefusedWithThePidOfTheFirst) {
  TempDir dir;
  {
    auto first = OperatorLock::take(dir.path());
    ASSERT_TRUE(first);
    auto second = OperatorLock::take(dir.path());
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("pid " + std::to_string(::getpid())), std::string::npos);
  }
  EXPECT_TRUE(OperatorLock::take(dir.path()));
}

TEST(LogRotation, CutsWhatIsTooLargeAndKeepsTwoBefore) {
  TempDir dir;
  const auto log = dir.write("api-0.log", std::string(200, 'a'));
  dir.write("small.log", "b");
  std::ofstream writer(log, std::ios::app);  // as the daemon has it open
  for (char c : {'x', 'y', 'z'}) {
    rotate_logs(dir.path(), 100);
    writer << std::string(150, c) << std::flush;
  }
  EXPECT_EQ(read_file(log).value(), std::string(150, 'z'));
  EXPECT_EQ(read_file(dir.path() / "api-0.log.1").value(), std::string(150, 'y'));
  EXPECT_EQ(read_file(dir.path() / "api-0.log.2").value(), std::string(150, 'x'));
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "small.log.1"));
}

TEST(Requirements, AFolderThatAnotherUserCanNotEnterIsNamed) {
  if (::geteuid() != 0) return;  // an ordinary user's Postgres runs as that user
  TempDir dir;
  ASSERT_TRUE(make_directory(dir.path() / "shut" / "inner", 0755));
  EXPECT_TRUE(closed_folder(dir.path() / "shut" / "inner", "postgres").empty());
  ASSERT_TRUE(make_directory(dir.path() / "shut", 0700));
  EXPECT_EQ(closed_folder(dir.path() / "shut" / "inner", "postgres"), dir.path() / "shut");
  EXPECT_TRUE(closed_folder(dir.path() / "shut" / "inner", "root").empty());
}

TEST(Files, AreReplacedWholeAndTheirEndIsReadWithoutTheRest) {
  TempDir dir;
  const auto path = dir.path() / "file";
  ASSERT_TRUE(write_file(path, "one", 0600));
  ASSERT_TRUE(write_file(path, "two", 0644));
  EXPECT_EQ(read_file(path).value(), "two");
  EXPECT_EQ(mode_of(path), 0644U);
  EXPECT_FALSE(write_file(dir.path() / "no" / "file", "x", 0600));
  EXPECT_FALSE(read_file(dir.path() / "absent"));
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "line " + std::to_string(i) + "\n";
  ASSERT_TRUE(write_file(path, text, 0600));
  EXPECT_EQ(last_lines(path, 2), (std::vector<std::string>{"line 9998", "line 9999"}));
}

}  // namespace
}  // namespace chatop::local
