#include "operator/kubernetes/client/access.hpp"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.hpp"

namespace chatop::kubernetes {
namespace {

using std::chrono::seconds;

class KubeconfigTest : public ::testing::Test {
 protected:
  chat::base::Result<Access> load(const std::string& user, const std::string& cluster = "server: https://c1:6443",
                                  const std::string& context = {}) {
    return kubeconfig_access({dir_.write("config", text(user, cluster))}, context);
  }
  static std::string text(const std::string& user, const std::string& cluster) {
    return "current-context: one\n"
           "clusters:\n- {name: c1, cluster: {" +
           cluster +
           "}}\n- {name: c2, cluster: {server: 'https://c2/base/'}}\n"
           "users:\n- {name: u1, user: {" +
           user +
           "}}\n"
           "contexts:\n- {name: one, context: {cluster: c1, user: u1, namespace: chat}}\n"
           "- {name: two, context: {cluster: c2, user: u1}}\n- {name: lost, context: {cluster: nowhere, user: u1}}\n";
  }
  chat::testing::TempDir dir_;
};

TEST_F(KubeconfigTest, ReadsTheCurrentContext) {
  auto access = load("token: secret");
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->server, "https://c1:6443");
  EXPECT_EQ(access->name_space, "chat");
  EXPECT_EQ(access->token.text, "secret");
  EXPECT_EQ(access->context, "one");
}

TEST_F(KubeconfigTest, ReadsTheContextThatWasAskedFor) {
  auto access = load("token: secret", "server: https://c1", "two");
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->server, "https://c2/base");
  EXPECT_EQ(access->name_space, "default");
}

TEST_F(KubeconfigTest, SaysWhichContextsThereAre) {
  auto access = load("token: x", "server: https://c1", "three");
  ASSERT_FALSE(access);
  EXPECT_NE(access.error().message.find("there is no context \"three\""), std::string::npos) << access.error().message;
  EXPECT_NE(access.error().message.find("lost, one, two"), std::string::npos) << access.error().message;
  EXPECT_EQ(load("token: x", "server: https://c1", "lost").error().code, AccessErrc::invalid);
}

TEST_F(KubeconfigTest, TakesCertificatesInlineAndAsFilesBesideIt) {
  dir_.write("ca.crt", "AUTHORITY\n");
  dir_.write("me.key", "KEY");
  auto access = load("client-certificate-data: Q0VSVA==, client-key: me.key",
                     "server: https://c1, certificate-authority: ca.crt");
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(*access->authority.read(), "AUTHORITY");
  EXPECT_EQ(*access->certificate.read(), "CERT");
  EXPECT_EQ(*access->key.read(), "KEY");
}

TEST_F(KubeconfigTest, RefusesHalfAnIdentity) {
  EXPECT_EQ(load("client-certificate-data: Q0VSVA==").error().code, AccessErrc::invalid);
  EXPECT_EQ(load("client-certificate: missing.crt, client-key: missing.key").error().code, AccessErrc::unreadable);
  EXPECT_EQ(load("client-certificate-data: '%%%', client-key-data: Q0VSVA==").error().code, AccessErrc::invalid);
  EXPECT_EQ(load("tokenFile: missing").error().code, AccessErrc::unreadable);
}

TEST_F(KubeconfigTest, RefusesWithASentenceWhatItDoesNotDo) {
  auto exec = load("exec: {command: aws, apiVersion: v1}");
  ASSERT_FALSE(exec);
  EXPECT_EQ(exec.error().code, AccessErrc::unsupported);
  EXPECT_NE(exec.error().message.find("user \"u1\" has exec"), std::string::npos) << exec.error().message;
  for (const char* user : {"username: a, password: b", "auth-provider: {name: gcp}", "token: x, as: root"})
    EXPECT_EQ(load(user).error().code, AccessErrc::unsupported) << user;
  for (const char* cluster :
       {"server: https://c, insecure-skip-tls-verify: true", "server: https://c, proxy-url: http://p"})
    EXPECT_EQ(load("token: x", cluster).error().code, AccessErrc::unsupported) << cluster;
  EXPECT_TRUE(load("token: x", "server: https://c, insecure-skip-tls-verify: false"));
}

TEST_F(KubeconfigTest, RefusesWhatIsNoKubeconfig) {
  EXPECT_EQ(kubeconfig_access({dir_.write("a", "- 1")}).error().code, AccessErrc::invalid);
  EXPECT_EQ(kubeconfig_access({dir_.write("b", "{: [")}).error().code, AccessErrc::invalid);
  EXPECT_EQ(kubeconfig_access({dir_.write("c", "clusters: 5\ncontexts: x\ncurrent-context: y")}).error().code,
            AccessErrc::invalid);
  EXPECT_EQ(kubeconfig_access({dir_.write("d", "users: []")}).error().code, AccessErrc::invalid);
  EXPECT_EQ(kubeconfig_access({dir_.path() / "none"}).error().code, AccessErrc::unreadable);
  EXPECT_EQ(load("token: x", "server: ftp://c").error().code, AccessErrc::invalid);
}

TEST_F(KubeconfigTest, OfSeveralFilesTheFirstEntryCounts) {
  auto first = dir_.write("first", "current-context: two\nusers:\n- {name: u1, user: {token: mine}}\n");
  auto second = dir_.write("second", text("token: theirs", "server: https://c1"));
  auto access = find_access("", "", [&](const char* name) {
    return std::string(name) == "KUBECONFIG" ? first.string() + ":/nonexistent:" + second.string() : std::string();
  });
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->server, "https://c2/base");
  EXPECT_EQ(access->token.text, "mine");
}

TEST_F(KubeconfigTest, AFlagCountsMoreThanTheEnvironment) {
  auto flag = dir_.write("flag", text("token: x", "server: https://flag"));
  auto access = find_access(flag.string(), "", [](const char*) { return std::string("/nonexistent"); });
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->server, "https://flag");
}

TEST(InCluster, IsWhatAPodFinds) {
  chat::testing::TempDir account;
  account.write("ca.crt", "CA");
  account.write("token", "t1\n");
  account.write("namespace", "chat");
  auto access = in_cluster_access("10.96.0.1", "443", account.path());
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->server, "https://10.96.0.1:443");
  EXPECT_EQ(access->name_space, "chat");
  EXPECT_EQ(in_cluster_access("fd00::1", "443", account.path())->server, "https://[fd00::1]:443");
  EXPECT_EQ(in_cluster_access("", "", account.path()).error().code, AccessErrc::invalid);
  EXPECT_EQ(in_cluster_access("h", "1", account.path() / "none").error().code, AccessErrc::unreadable);
}

TEST(Token, IsReadAgainWhenItWasReplaced) {
  chat::testing::TempDir dir;
  TokenReader reader(Source{{}, dir.write("token", "old")});
  chat::base::SteadyTime now(std::chrono::hours(1));
  EXPECT_EQ(*reader.token(now), "old");
  dir.write("token", "new");
  EXPECT_EQ(*reader.token(now + seconds(9)), "old");
  EXPECT_EQ(*reader.token(now + seconds(10)), "new");
  dir.write("token", "newest");
  reader.forget();
  EXPECT_EQ(*reader.token(now + seconds(11)), "newest") << "the server did not know it: at once";
}

TEST(Token, TheLastOneStaysWhileTheFileIsAway) {
  chat::testing::TempDir dir;
  auto file = dir.write("token", "good");
  TokenReader reader(Source{{}, file});
  chat::base::SteadyTime now(std::chrono::hours(1));
  EXPECT_EQ(*reader.token(now), "good");
  std::filesystem::remove(file);
  EXPECT_EQ(*reader.token(now + seconds(60)), "good");
  TokenReader other(Source{{}, file});
  EXPECT_FALSE(other.token(now));
}

}  // namespace
}  // namespace chatop::kubernetes
