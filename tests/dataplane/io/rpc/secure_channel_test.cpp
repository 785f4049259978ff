#include <gmock/gmock.h>

#include "dataplane/io/rpc/channel.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"

namespace chat::io::rpc {
namespace {

using chat::testing::Authority;
using chat::testing::eventually;
using chat::testing::run_task;
using chat::testing::source_of;
using chat::testing::TlsFiles;
using std::chrono::seconds;

const tls::Peer kCa{tls::Peer::Check::ca, {}};

// A server that echoes, for those who have a certificate of its CA.
class SecureChannelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_.emplace(io_.get_executor(), log_, [](const Peer& peer, std::uint64_t call, std::string_view payload) {
      peer.answer(call, std::string(payload));
    });
    auto port = server_->listen({"127.0.0.1", 0}, secure_.get());
    ASSERT_TRUE(port) << port.error().message;
    port_ = *port;
  }
  std::unique_ptr<Client> client(const tls::Source* secure) {
    ClientOptions options;
    options.where = {"127.0.0.1", port_};
    options.secure = secure;
    auto client = std::make_unique<Client>(io_.get_executor(), log_, options,
                                           [this](std::string_view payload) { pushed_.emplace_back(payload); });
    client->start();
    return client;
  }
  // Long enough for several tries.
  bool never_served(Client& client) {
    bool served = run_task(io_, client.call("x", seconds(1))).has_value();
    (void)eventually(
        io_, [&] { return served = served || server_->peers() > 0; }, seconds(1));
    return !served;
  }

  base::Log log_{"test", static_cast<base::Level>(9)};  // refusals are what this is about
  boost::asio::io_context io_;
  Authority authority_;
  TlsFiles files_{authority_.issue(), authority_.certificate()};
  std::unique_ptr<tls::Source> secure_ = source_of(io_, log_, files_.server(kCa));
  std::unique_ptr<tls::Source> calls_ = source_of(io_, log_, files_.client(kCa));
  std::vector<std::string> pushed_;
  std::optional<Server> server_;
  std::uint16_t port_ = 0;
};

TEST_F(SecureChannelTest, CallsAndPushesOfAllSizesGoThrough) {
  auto one = client(calls_.get());
  ASSERT_TRUE(eventually(io_, [&] { return one->connected() && server_->peers() == 1; }));
  for (const std::size_t size : {0, 1, 16'384, 5'000'000}) {
    std::string payload(size, 'p');
    auto answer = run_task(io_, one->call(payload, seconds(10)));
    ASSERT_TRUE(answer) << size << ": " << answer.error().message;
    EXPECT_TRUE(*answer == payload) << size;
  }
  int right = 0;
  for (int i = 0; i < 10'000; ++i) {
    auto text = std::to_string(i);
    one->call(text, seconds(10), [&right, text](const base::Result<std::string>& answer) {
      if (answer && *answer == text) ++right;
    });
  }
  EXPECT_TRUE(eventually(io_, [&] { return right == 10'000; }));
  server_->push_to_all("pushed");
  EXPECT_TRUE(eventually(io_, [&] { return pushed_.size() == 1; }));
}

TEST_F(SecureChannelTest, WhoHasNoCertificateOfTheCaIsNotServed) {
  auto none = source_of(io_, log_, files_.client_without_certificate(kCa));
  auto without = client(none.get());
  EXPECT_TRUE(never_served(*without));
  without.reset();
  Authority other;
  TlsFiles foreign(other.issue(), authority_.certificate());
  auto stranger = source_of(io_, log_, foreign.client(kCa));
  auto theirs = client(stranger.get());
  EXPECT_TRUE(never_served(*theirs));
  theirs.reset();
  auto plain = client(nullptr);
  EXPECT_TRUE(never_served(*plain));
}

TEST_F(SecureChannelTest, AServerOfAnotherCaIsNotBelieved) {
  Authority other;
  TlsFiles foreign(authority_.issue(), other.certificate());
  auto suspicious = source_of(io_, log_, foreign.client(kCa));
  auto one = client(suspicious.get());
  EXPECT_TRUE(never_served(*one));
}

TEST_F(SecureChannelTest, StoppingAnswersWhatWasTaken) {
  auto one = client(calls_.get());
  ASSERT_TRUE(eventually(io_, [&] { return one->connected() && server_->peers() == 1; }));
  bool answered = false;
  one->call(std::string(1'000'000, 'p'), seconds(10),
            [&](const base::Result<std::string>& answer) { answered = answer.has_value(); });
  EXPECT_TRUE(eventually(io_, [&] { return answered; }));
  run_task(io_, server_->stop(seconds(5)));
  EXPECT_TRUE(eventually(io_, [&] { return !one->connected(); }));
}

}  // namespace
}  // namespace chat::io::rpc
