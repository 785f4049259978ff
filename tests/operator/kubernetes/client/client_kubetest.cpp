#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "tests/operator/kubernetes/real_cluster.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::Json;
using std::chrono::milliseconds;

class ClientOnRealCluster : public RealCluster {
 protected:
  // Where a watch of now begins.
  std::string version() {
    auto listed = run(client().list(maps(), [](Json object) { return object; }));
    EXPECT_TRUE(listed) << listed.error().message;
    return listed->resource_version;
  }
  // Of a service account that may nothing.
  std::string account_token(const std::string& account) {
    ObjectRef place{{"", "v1", "serviceaccounts", "ServiceAccount", true}, name_space_, account};
    auto made = run(
        client().create(place, {{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", {{"name", account}}}}));
    EXPECT_TRUE(made) << made.error().message;
    Request request;
    request.method = "POST";
    request.target = path_of(place.kind, name_space_, account, "token");
    request.content_type = "application/json";
    request.body = R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}})";
    request.deadline = clock_.steady() + std::chrono::seconds(60);
    auto answer = run(admin_->http.send(request));
    EXPECT_TRUE(answer && answer->status == 201);
    return Json::parse(answer->body)["status"]["token"];
  }
};

TEST_F(ClientOnRealCluster, AppliesReadsAndDeletes) {
  auto made = run(client().apply(map("a"), map_body("a", {{"k", "1"}}), {}));
  ASSERT_TRUE(made) << made.error().message;
  auto read = run(client().get(map("a")));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ((*read)["data"]["k"], "1");
  EXPECT_EQ((*read)["metadata"]["managedFields"][0]["manager"], "chat-operator");
  auto again = run(client().apply(map("a"), map_body("a", {{"k", "1"}}), {}));
  EXPECT_EQ((*again)["metadata"]["resourceVersion"], (*made)["metadata"]["resourceVersion"]) << "nothing changed";
  EXPECT_TRUE(run(client().remove(map("a"), (*made)["metadata"]["uid"])));
  EXPECT_EQ(run(client().get(map("a"))).error().code, ApiErrc::not_found);
  EXPECT_TRUE(run(client().remove(map("a"), (*made)["metadata"]["uid"]))) << "already gone is gone";
}

TEST_F(ClientOnRealCluster, ADryRunLeavesNothing) {
  Client::Apply dry;
  dry.dry_run = true;
  EXPECT_TRUE(run(client().apply(map("dry"), map_body("dry"), dry)));
  EXPECT_EQ(run(client().get(map("dry"))).error().code, ApiErrc::not_found);
}

TEST_F(ClientOnRealCluster, ADeleteOfAnotherUidIsRefused) {
  ASSERT_TRUE(run(client().create(map("a"), map_body("a"))));
  EXPECT_EQ(run(client().remove(map("a"), "11111111-2222-3333-4444-555555555555")).error().code, ApiErrc::conflict);
  EXPECT_TRUE(run(client().get(map("a"))));
}

TEST_F(ClientOnRealCluster, LeavesTheFieldsOfOthersAlone) {
  Client::Options other;
  other.field_manager = "somebody-else";
  auto theirs = connect(admin(), other);
  ASSERT_TRUE(run(theirs->client.apply(map("a"), map_body("a", {{"theirs", "1"}}), {})));
  ASSERT_TRUE(run(client().apply(map("a"), map_body("a", {{"ours", "2"}}), {})));
  auto both = run(client().get(map("a")));
  EXPECT_EQ((*both)["data"], (Json{{"theirs", "1"}, {"ours", "2"}}));
  Client::Apply gentle;
  gentle.force = false;
  EXPECT_EQ(run(client().apply(map("a"), map_body("a", {{"theirs", "3"}}), gentle)).error().code, ApiErrc::conflict);
  ASSERT_TRUE(run(client().apply(map("a"), map_body("a"), {})));
  EXPECT_EQ((*run(client().get(map("a"))))["data"], (Json{{"theirs", "1"}}))
      << "what we no longer apply goes, theirs stays";
}

TEST_F(ClientOnRealCluster, ErrorsSayWhatHasToHappen) {
  ASSERT_TRUE(run(client().create(map("a"), map_body("a"))));
  EXPECT_EQ(run(client().create(map("a"), map_body("a"))).error().code, ApiErrc::conflict);
  auto invalid = run(client().apply(map("Not_A_Name"), map_body("Not_A_Name"), {}));
  EXPECT_EQ(invalid.error().code, ApiErrc::invalid);
  EXPECT_NE(invalid.error().message.find("metadata.name"), std::string::npos) << invalid.error().message;
  auto old = map_body("a", {{"k", "2"}});
  old["metadata"]["resourceVersion"] = "1";
  EXPECT_EQ(run(client().replace(map("a"), old, "")).error().code, ApiErrc::conflict);
  EXPECT_EQ(run(client().merge(map("a"), {{"metadata", {{"resourceVersion", "1"}}}}, "")).error().code,
            ApiErrc::conflict);
  auto stranger = admin();
  stranger.token.text = "of-nobody-here";
  EXPECT_EQ(run(connect(stranger)->client.get(map("a"))).error().code, ApiErrc::unauthorized);
  auto nobody = admin();
  nobody.token.text = account_token("nobody");
  EXPECT_EQ(run(connect(nobody)->client.get(map("a"))).error().code, ApiErrc::forbidden);
}

TEST_F(ClientOnRealCluster, WritesTheStatusAlone) {
  ObjectRef account{{"", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true}, name_space_, "a"};
  Json claim = {{"apiVersion", "v1"},
                {"kind", "PersistentVolumeClaim"},
                {"metadata", {{"name", "a"}, {"namespace", name_space_}}},
                {"spec", {{"accessModes", {"ReadWriteOnce"}}, {"resources", {{"requests", {{"storage", "1Gi"}}}}}}}};
  ASSERT_TRUE(run(client().create(account, claim)));
  Client::Apply status;
  status.subresource = "status";
  Json body = {{"apiVersion", "v1"},
               {"kind", "PersistentVolumeClaim"},
               {"metadata", {{"name", "a"}, {"namespace", name_space_}}},
               {"status", {{"phase", "Lost"}}}};
  auto written = run(client().apply(account, body, status));
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ((*run(client().get(account)))["status"]["phase"], "Lost");
}

TEST_F(ClientOnRealCluster, KnowsItselfByACertificate) {
  auto by_certificate = connect(access(server().client_kubeconfig()));
  auto found = run(by_certificate->client.get({kNamespaces, "", "default"}));
  EXPECT_TRUE(found) << found.error().message;
}

TEST_F(ClientOnRealCluster, ATokenThatWasReplacedInItsFileIsUsed) {
  auto by_file = admin();
  by_file.token = Source{{}, dir_.write("token", "not-valid-any-more")};
  auto rotated = connect(by_file);
  EXPECT_EQ(run(rotated->client.get({kNamespaces, "", "default"})).error().code, ApiErrc::unauthorized);
  dir_.write("token", admin().token.text);
  auto found = run(rotated->client.get({kNamespaces, "", "default"}));
  EXPECT_TRUE(found) << found.error().message;
}

TEST_F(ClientOnRealCluster, TrustsNobodyButItsAuthority) {
  auto mistaken = admin();
  mistaken.authority =
      access(server().client_kubeconfig()).certificate;  // of somebody, but not of this server's authority
  Client::Options options;
  options.deadline = milliseconds(3'000);
  auto found = run(connect(mistaken, options)->client.get({kNamespaces, "", "default"}));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ApiErrc::unreachable) << found.error().message;
}

// As a kubeconfig without certificate-authority has it. Says how often the file was opened meanwhile.
class SystemAuthorities {
 public:
  explicit SystemAuthorities(const std::filesystem::path& file) {
    if (const char* before = std::getenv(kVariable)) before_ = before;
    ::setenv(kVariable, file.c_str(), 1);
    inotify_add_watch(events_, file.c_str(), IN_OPEN);
  }
  ~SystemAuthorities() {
    ::close(events_);
    if (before_)
      ::setenv(kVariable, before_->c_str(), 1);
    else
      ::unsetenv(kVariable);
  }
  SystemAuthorities(const SystemAuthorities&) = delete;
  SystemAuthorities& operator=(const SystemAuthorities&) = delete;
  int opened() const {
    char buffer[4096];
    int times = 0;
    for (ssize_t size = 0; (size = ::read(events_, buffer, sizeof buffer)) > 0;)
      times += static_cast<int>(size / static_cast<ssize_t>(sizeof(inotify_event)));  // a file's events have no name
    return times;
  }

 private:
  static constexpr const char* kVariable = "SSL_CERT_FILE";
  std::optional<std::string> before_;
  int events_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
};

TEST_F(ClientOnRealCluster, WithoutAnAuthorityOfItsOwnTrustsTheSystems) {
  auto without = admin();
  const auto authority = without.authority.file;
  without.authority = {};
  {
    const SystemAuthorities system(authority);
    auto connection = connect(without);
    auto found = run(connection->client.list(maps(), [](Json object) { return object; }));
    EXPECT_TRUE(found) << found.error().message;
    EXPECT_GT(system.opened(), 0);
  }
  const SystemAuthorities of_others(server().client_kubeconfig());  // no certificate is in there
  Client::Options options;
  options.deadline = milliseconds(3'000);
  auto refused = run(connect(without, options)->client.get({kNamespaces, "", "default"}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ApiErrc::unreachable) << refused.error().message;
}

TEST_F(ClientOnRealCluster, DoesNotReadTheSystemsAuthoritiesWhereItHasItsOwn) {
  auto with = admin();
  const auto copy = dir_.path() / "system.pem";
  std::filesystem::copy_file(with.authority.file, copy);
  const SystemAuthorities system(copy);
  auto connection = connect(with);
  EXPECT_TRUE(run(connection->client.list(maps(), [](Json object) { return object; })));
  EXPECT_EQ(system.opened(), 0);
}

TEST_F(ClientOnRealCluster, ABodyBeyondItsBoundIsRefusedAndTheNextCallIsFine) {
  ASSERT_TRUE(run(client().create(map("big"), map_body("big", {{"k", std::string(500'000, 'x')}}))));
  Request request;
  request.method = "GET";
  request.target = path_of(kMaps, name_space_, "big");
  request.deadline = clock_.steady() + std::chrono::seconds(60);
  request.most_bytes = 100'000;
  EXPECT_EQ(run(admin_->http.send(request)).error().code, ApiErrc::malformed);
  EXPECT_TRUE(run(client().get(map("big"))));
}

TEST_F(ClientOnRealCluster, AWatchBringsEventsAndItsOrderedEnd) {
  auto stream = run(client().watch(maps(), version(), 3));
  ASSERT_TRUE(stream) << stream.error().message;
  auto foreign = map_body("foreign");
  foreign["metadata"].erase("labels");
  ASSERT_TRUE(run(client().create(map("foreign"), foreign)));
  ASSERT_TRUE(run(client().create(map("ours"), map_body("ours"))));
  auto event = run((*stream)->next());
  ASSERT_TRUE(event && *event);
  EXPECT_EQ((*event)->type, WatchEvent::Type::added);
  EXPECT_EQ((*event)->object["metadata"]["name"], "ours") << "what does not carry our label is not told";
  for (;;) {
    auto next = run((*stream)->next());
    ASSERT_TRUE(next) << next.error().message;
    if (!*next) break;
    EXPECT_EQ((*next)->type, WatchEvent::Type::bookmark);
  }
}

// Takes 100 s of waiting: longer than a stream without a byte may take.
TEST_F(ClientOnRealCluster, AWatchThatIsSilentForLongLives) {
  auto stream = run(client().watch(maps(), version(), 100));
  ASSERT_TRUE(stream) << stream.error().message;
  for (;;) {  // a server that has nothing to tell may send bookmarks, or nothing at all
    auto next = run((*stream)->next());
    ASSERT_TRUE(next) << next.error().message;
    if (!*next) break;
    EXPECT_EQ((*next)->type, WatchEvent::Type::bookmark);
  }
}

// A server that was just started knows no events from before it.
TEST_F(ClientOnRealCluster, AVersionThatIsTooOldIsGone) {
  auto old = version();
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(run(client().create(map(name), map_body(name))));
  server().restart_api();
  auto stream = run(client().watch(maps(), old, 60));
  if (stream) {
    auto event = run((*stream)->next());
    ASSERT_FALSE(event);
    EXPECT_EQ(event.error().code, ApiErrc::gone) << event.error().message;
  } else {
    EXPECT_EQ(stream.error().code, ApiErrc::gone) << stream.error().message;
  }
}

// The sockets of this process that are connected to `port`.
std::vector<int> sockets_to(std::uint16_t port) {
  std::vector<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    int fd = std::stoi(entry.path().filename().string());
    sockaddr_in peer{};
    socklen_t length = sizeof peer;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) == 0 && peer.sin_family == AF_INET &&
        ntohs(peer.sin_port) == port)
      found.push_back(fd);
  }
  return found;
}

TEST_F(ClientOnRealCluster, AWatchAsksTheKernelToNoticeADeadPeerWithin30Seconds) {
  chat::testing::TcpProxy proxy(server_port());  // its port is this test's alone
  auto through = connect(admin_through(proxy.port()));
  auto stream = run(through->client.watch(maps(), version(), 60));
  ASSERT_TRUE(stream) << stream.error().message;
  auto sockets = sockets_to(proxy.port());
  ASSERT_EQ(sockets.size(), 1U);
  auto option = [&](int level, int name) {
    int value = -1;
    socklen_t length = sizeof value;
    EXPECT_EQ(::getsockopt(sockets[0], level, name, &value, &length), 0);
    return value;
  };
  EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_LE(option(IPPROTO_TCP, TCP_KEEPIDLE) + option(IPPROTO_TCP, TCP_KEEPINTVL) * option(IPPROTO_TCP, TCP_KEEPCNT),
            30);
  EXPECT_LE(option(IPPROTO_TCP, TCP_USER_TIMEOUT), 30'000);
  EXPECT_GT(option(IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
}

TEST_F(ClientOnRealCluster, AWireThatGoesEndsWhatIsUnderWay) {
  auto doomed = connect(admin());
  auto stream = run(doomed->client.watch(maps(), version(), 600));
  ASSERT_TRUE(stream) << stream.error().message;
  doomed.reset();
  auto event = run((*stream)->next());
  ASSERT_FALSE(event);
  EXPECT_EQ(event.error().code, ApiErrc::unreachable) << event.error().message;
}

}  // namespace
}  // namespace chatop::kubernetes
