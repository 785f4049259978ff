#include "dataplane/io/tls/stream.hpp"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "dataplane/io/tls/handshake.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/run_task.hpp"

namespace chat::io::tls {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using chat::testing::Authority;
using chat::testing::eventually;
using chat::testing::run_task;
using chat::testing::source_of;
using chat::testing::TlsFiles;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

const Peer kHost{Peer::Check::ca_and_host, {}};
const Peer kCa{Peer::Check::ca, {}};

// A server's side that accepts one connection, and clients of it.
class StreamTest : public ::testing::Test {
 protected:
  static base::Task<> accept_one(StreamTest& test, const Source& source, milliseconds within) {
    auto socket = co_await base::accept_tcp(test.acceptor_);
    test.served_.emplace(std::move(*socket), source.context());
    const auto deadline = steady_clock::now() + within;
    test.shaken_ = co_await handshake(*test.served_, deadline);
    if (!*test.shaken_) test.served_.reset();
  }
  void serve(const Source& source, milliseconds within = seconds(10)) {
    boost::asio::co_spawn(io_, accept_one(*this, source, within), [](const std::exception_ptr& thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
  }
  base::Result<Stream> call(const Source& source, const std::string& host = "127.0.0.1") {
    const auto deadline = steady_clock::now() + seconds(5);
    return run_task(io_, connect({host, acceptor_.local_endpoint().port()}, &source, deadline));
  }
  bool shaken() {
    EXPECT_TRUE(eventually(io_, [this] { return shaken_.has_value(); }));
    return shaken_ && shaken_->has_value();
  }
  std::string refusal() {
    EXPECT_FALSE(shaken());
    return *shaken_ ? "" : shaken_->error().message;
  }
  // Both sides, ready.
  Stream both(const Source& server, const Source& client) {
    serve(server);
    auto stream = call(client);
    EXPECT_TRUE(stream) << stream.error().message;
    EXPECT_TRUE(shaken());
    return std::move(*stream);
  }

  base::Log log_{"test", base::Level::error};
  boost::asio::io_context io_;
  tcp::acceptor acceptor_{io_, {boost::asio::ip::address_v4::loopback(), 0}};
  std::optional<Stream> served_;
  std::optional<base::Status> shaken_;
  Authority authority_;
  TlsFiles files_{authority_.issue({"chat.internal"}), authority_.certificate()};
};

base::Task<std::string> write_all(Stream& stream, const std::string& bytes) {
  error_code error;
  co_await boost::asio::async_write(stream, boost::asio::buffer(bytes),
                                    boost::asio::redirect_error(boost::asio::use_awaitable, error));
  co_return error ? error.message() : "";
}

base::Task<std::string> read_all(Stream& stream, std::size_t size, error_code& error) {
  std::string bytes(size, '\0');
  const auto got = co_await boost::asio::async_read(stream, boost::asio::buffer(bytes),
                                                    boost::asio::redirect_error(boost::asio::use_awaitable, error));
  bytes.resize(got);
  co_return bytes;
}

TEST_F(StreamTest, MuchGoesBothWaysAtOnceThroughSmallSockets) {
  auto server = source_of(io_, log_, files_.server());
  auto client = source_of(io_, log_, files_.client_without_certificate(kHost));
  auto stream = both(*server, *client);
  ASSERT_TRUE(served_);
  for (auto* each : {&stream, &*served_}) each->socket().set_option(tcp::socket::send_buffer_size(4096));
  std::string sent(5'000'000, '\0');
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 7 + i / 251);
  std::optional<std::string> there;
  std::optional<std::string> back;
  const auto keep = [](std::optional<std::string>& into) {
    return [&into](const std::exception_ptr&, std::string value) { into = std::move(value); };
  };
  error_code error;
  error_code other_error;
  std::optional<std::string> wrote;
  std::optional<std::string> wrote_too;
  boost::asio::co_spawn(io_, write_all(stream, sent), keep(wrote));
  boost::asio::co_spawn(io_, write_all(*served_, sent), keep(wrote_too));
  boost::asio::co_spawn(io_, read_all(stream, sent.size(), error), keep(back));
  boost::asio::co_spawn(io_, read_all(*served_, sent.size(), other_error), keep(there));
  EXPECT_TRUE(eventually(
      io_, [&] { return there && back && wrote && wrote_too; }, seconds(60)));
  EXPECT_EQ(wrote, "");
  EXPECT_EQ(wrote_too, "");
  EXPECT_TRUE(there == sent);
  EXPECT_TRUE(back == sent);
}

TEST_F(StreamTest, TheEndOfOneSideIsSeenByTheOther) {
  auto server = source_of(io_, log_, files_.server());
  auto client = source_of(io_, log_, files_.client_without_certificate(kHost));
  auto stream = both(*server, *client);
  EXPECT_EQ(run_task(io_, write_all(stream, "last words")), "");
  error_code error;
  stream.end_sending(error);
  EXPECT_EQ(run_task(io_, read_all(*served_, 100, error)), "last words");
  EXPECT_EQ(error, boost::asio::error::eof);
  EXPECT_EQ(run_task(io_, write_all(*served_, "answer")), "");
  EXPECT_EQ(run_task(io_, read_all(stream, 6, error)), "answer");
}

TEST_F(StreamTest, ClosingTheSocketEndsWhatIsUnderWay) {
  auto server = source_of(io_, log_, files_.server());
  auto client = source_of(io_, log_, files_.client_without_certificate(kHost));
  auto stream = both(*server, *client);
  char first = 0;
  std::optional<error_code> ended;
  served_->async_read_some(boost::asio::buffer(&first, 1),
                           [&](const error_code& error, std::size_t) { ended = error; });
  EXPECT_FALSE(ended) << "never from inside";
  io_.restart();
  io_.poll();
  EXPECT_FALSE(ended);
  served_->socket().close();
  EXPECT_TRUE(eventually(io_, [&] { return ended.has_value(); }));
  EXPECT_EQ(ended, boost::asio::error::operation_aborted);
  EXPECT_TRUE(served_->session()->write(std::span("x", 1)).error) << "a closed socket's number is another's soon";
}

TEST_F(StreamTest, ACertificateOfAnotherCaIsRefused) {
  Authority other;
  TlsFiles foreign(other.issue(), other.certificate());
  auto server = source_of(io_, log_, files_.server());
  auto client = source_of(io_, log_, foreign.client_without_certificate(kHost));
  serve(*server);
  auto stream = call(*client);
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code, Errc::handshake);
  EXPECT_THAT(stream.error().message, HasSubstr("unable to get local issuer certificate"));
  EXPECT_THAT(refusal(), HasSubstr("unknown ca"));
}

TEST_F(StreamTest, TheHostThatWasAskedForMustBeNamed) {
  auto server = source_of(io_, log_, files_.server());
  auto by_host = source_of(io_, log_, files_.client_without_certificate(kHost));
  serve(*server);
  EXPECT_TRUE(call(*by_host, "localhost"));
  for (const auto& [name, right] : {std::pair("chat.internal", true), std::pair("other.internal", false)}) {
    auto by_name = source_of(io_, log_, files_.client_without_certificate({Peer::Check::ca_and_name, name}));
    shaken_.reset();
    serve(*server);
    auto stream = call(*by_name);
    EXPECT_EQ(stream.has_value(), right) << name;
    if (!right) {
      EXPECT_THAT(stream.error().message, HasSubstr("hostname mismatch"));
    }
    (void)shaken();
  }
}

TEST_F(StreamTest, WhoHasNoCertificateOfTheCaIsNotLetIn) {
  Authority other;
  auto server = source_of(io_, log_, files_.server(kCa));
  auto good = source_of(io_, log_, files_.client(kCa));
  (void)both(*server, *good);
  shaken_.reset();
  auto none = source_of(io_, log_, files_.client_without_certificate(kCa));
  serve(*server);
  (void)call(*none);  // TLS 1.3: a client is through before the server has judged it
  EXPECT_THAT(refusal(), HasSubstr("peer did not return a certificate"));
  shaken_.reset();
  TlsFiles foreign(other.issue(), authority_.certificate());
  auto stranger = source_of(io_, log_, foreign.client(kCa));
  serve(*server);
  (void)call(*stranger);
  EXPECT_THAT(refusal(), HasSubstr("the peer's certificate"));
  shaken_.reset();
  auto named = source_of(io_, log_, files_.server({Peer::Check::ca_and_name, "chat.internal"}));
  (void)both(*named, *good);
  shaken_.reset();
  TlsFiles unnamed(authority_.issue(), authority_.certificate());
  auto other_name = source_of(io_, log_, unnamed.client(kCa));
  serve(*named);
  (void)call(*other_name);
  EXPECT_THAT(refusal(), HasSubstr("hostname mismatch"));
}

TEST_F(StreamTest, Tls12IsSpokenOnlyWhereItIsAllowed) {
  for (const bool allowed : {false, true}) {
    auto options = files_.server();
    if (allowed) options.least = Version::tls12;
    auto server = source_of(io_, log_, options);
    shaken_.reset();
    serve(*server);
    boost::asio::ssl::context context(boost::asio::ssl::context::tlsv12_client);
    boost::asio::ssl::stream<tcp::socket> client(io_, context);
    client.next_layer().connect(acceptor_.local_endpoint());
    std::optional<error_code> ended;
    client.async_handshake(boost::asio::ssl::stream_base::client, [&](const error_code& error) { ended = error; });
    EXPECT_TRUE(eventually(io_, [&] { return ended.has_value(); }));
    EXPECT_EQ(!*ended, allowed) << ended->message();
    EXPECT_EQ(shaken(), allowed);
    if (!allowed) {
      EXPECT_THAT(refusal(), HasSubstr("unsupported protocol"));
    }
  }
}

TEST_F(StreamTest, ASilentClientIsGivenUpAtTheDeadline) {
  auto server = source_of(io_, log_, files_.server());
  serve(*server, milliseconds(100));
  tcp::socket silent(io_);
  silent.connect(acceptor_.local_endpoint());
  EXPECT_FALSE(shaken());
  EXPECT_EQ(shaken_->error().code, Errc::timeout);
}

TEST_F(StreamTest, AClientThatSpeaksHttpIsKnown) {
  auto server = source_of(io_, log_, files_.server());
  serve(*server);
  tcp::socket plain(io_);
  plain.connect(acceptor_.local_endpoint());
  boost::asio::write(plain, boost::asio::buffer(std::string("GET / HTTP/1.1\r\n\r\n")));
  EXPECT_FALSE(shaken());
  EXPECT_EQ(shaken_->error().code, Errc::not_tls);
}

TEST_F(StreamTest, ConnectionsGoOnWhenTheCertificateChanges) {
  auto server = source_of(io_, log_, files_.server());
  auto client = source_of(io_, log_, files_.client_without_certificate(kHost));
  auto old_client = both(*server, *client);
  auto old_served = std::move(served_);
  Authority next;
  files_.put(next.issue(), next.certificate());
  ASSERT_TRUE(server->look(std::time(nullptr)));
  shaken_.reset();
  serve(*server);
  EXPECT_FALSE(call(*client)) << "the new certificate is of another CA";
  (void)shaken();
  ASSERT_TRUE(client->look(std::time(nullptr)));
  shaken_.reset();
  auto new_client = both(*server, *client);
  EXPECT_EQ(run_task(io_, write_all(old_client, "old")), "");
  error_code error;
  EXPECT_EQ(run_task(io_, read_all(*old_served, 3, error)), "old");
}

}  // namespace
}  // namespace chat::io::tls
