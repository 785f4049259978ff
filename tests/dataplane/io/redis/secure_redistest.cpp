#include <gmock/gmock.h>

#include "dataplane/io/redis/client.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/run_task.hpp"

namespace chat::io::redis {
namespace {

using chat::testing::Authority;
using chat::testing::eventually;
using chat::testing::RedisServer;
using chat::testing::run_task;
using chat::testing::source_of;
using chat::testing::TlsFiles;
using std::chrono::seconds;

const tls::Peer kHost{tls::Peer::Check::ca_and_host, {}};

// A Redis that has a port with TLS, as managed ones have.
class SecureRedisTest : public ::testing::Test {
 protected:
  Options options(const tls::Source* secure) {
    auto options = server_.options();
    options.where.port = port_;
    options.secure = secure;
    return options;
  }
  base::Log log_{"test", static_cast<base::Level>(9)};  // refusals are what this is about
  boost::asio::io_context io_;
  Authority authority_;
  TlsFiles files_{authority_.issue(), authority_.certificate()};
  std::uint16_t port_ = testing::free_port();
  RedisServer server_{"the password",
                      {"--tls-port", std::to_string(port_), "--tls-cert-file", files_.files().certificate.string(),
                       "--tls-key-file", files_.files().key.string(), "--tls-auth-clients", "no"}};
  std::unique_ptr<tls::Source> secure_ = source_of(io_, log_, files_.client_without_certificate(kHost));
};

TEST_F(SecureRedisTest, CommandsAndMessagesGoThrough) {
  Client client(io_.get_executor(), log_, options(secure_.get()));
  client.start();
  std::string got;
  Subscriber subscriber(io_.get_executor(), log_, options(secure_.get()),
                        [&](std::string_view, std::string_view payload) { got = payload; }, {}, {});
  subscriber.start();
  subscriber.subscribe("channel");
  ASSERT_TRUE(eventually(io_, [&] { return client.connected() && subscriber.connected(); }));
  const std::string large(3'000'000, 'l');
  auto answer = run_task(io_, client.command({"SET", "k", large}));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(run_task(io_, client.command({"GET", "k"}))->string == large);
  ASSERT_TRUE(run_task(io_, client.command({"PUBLISH", "channel", large})));
  EXPECT_TRUE(eventually(io_, [&] { return got == large; }));
  run_task(io_, client.stop());
  run_task(io_, subscriber.stop());
}

TEST_F(SecureRedisTest, AServerOfAnotherCaIsNotBelieved) {
  Authority other;
  TlsFiles foreign(other.issue(), other.certificate());
  auto suspicious = source_of(io_, log_, foreign.client_without_certificate(kHost));
  Client client(io_.get_executor(), log_, options(suspicious.get()));
  Client good(io_.get_executor(), log_, options(secure_.get()));
  client.start();
  good.start();
  ASSERT_TRUE(eventually(io_, [&] { return good.connected(); }));
  EXPECT_FALSE(eventually(
      io_, [&] { return client.connected(); }, seconds(1)));
  run_task(io_, client.stop());
  run_task(io_, good.stop());
}

}  // namespace
}  // namespace chat::io::redis
