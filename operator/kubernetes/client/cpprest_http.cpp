// cpprestsdk's headers are of Asio's older days.
#undef BOOST_ASIO_NO_DEPRECATED
#include "operator/kubernetes/client/cpprest_http.hpp"

#include <cpprest/http_client.h>
#include <cpprest/producerconsumerstream.h>
#include <netinet/tcp.h>
#include <openssl/x509.h>
#include <pplx/threadpool.h>
#include <sys/socket.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>

#include "operator/kubernetes/client/exchange.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::fail;
using chat::base::Result;
using chat::base::Task;
namespace asio = boost::asio;
namespace http = web::http;

constexpr std::size_t kThreads = 4;
constexpr std::chrono::seconds kRequestIdle{30};

constexpr const char* kNoAuthorities = "/dev/null";

// The file of the system's authorities, as OpenSSL would find it. cpprestsdk has all of them read for each connection
// before it asks us, 50 ms of a core, so OpenSSL is shown an empty one in its place, and who needs them reads them.
// Called before a connection is made: it changes the environment of this process.
std::string system_authorities() {
  static std::mutex mutex;
  static std::string file;
  const std::lock_guard lock(mutex);
  const char* variable = X509_get_default_cert_file_env();
  const char* named = std::getenv(variable);
  if (named == nullptr || std::string_view(named) != kNoAuthorities) {
    file = named != nullptr ? named : X509_get_default_cert_file();
    ::setenv(variable, kNoAuthorities, 1);
  }
  return file;
}

std::once_flag& threads_sized() {
  static std::once_flag once;
  return once;
}

// Where cpprestsdk puts an answer's body. It reads on once a write has "ended": one that ends later holds back the
// sender, which its own buffer can not.
class Sink final : public Concurrency::streams::details::basic_producer_consumer_buffer<std::uint8_t> {
 public:
  explicit Sink(std::shared_ptr<Exchange> exchange)
      : basic_producer_consumer_buffer(512), exchange_(std::move(exchange)) {}

 protected:
  pplx::task<std::size_t> _putn(const std::uint8_t* bytes, std::size_t count) override {
    pplx::task_completion_event<std::size_t> written;
    auto taken = exchange_->on_bytes(std::string(reinterpret_cast<const char*>(bytes), count),
                                     [written, count] { written.set(count); });
    if (taken == Exchange::Taken::wait) return pplx::create_task(written);
    if (taken == Exchange::Taken::yes) return pplx::task_from_result<std::size_t>(count);
    return pplx::task_from_exception<std::size_t>(std::runtime_error("not wanted any more"));
  }

 private:
  std::shared_ptr<Exchange> exchange_;
};

// A watch may say nothing for minutes: only the kernel can tell that its peer's machine is gone. 10 s of silence, then
// three questions in 15 s; bytes of ours that nobody acknowledges count the same.
void notice_dead_peers(int socket) {
  auto set = [socket](int level, int option, int value) { ::setsockopt(socket, level, option, &value, sizeof value); };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 10);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 25'000);
}

// Runs for each new connection, so that replaced files count. A file that can not be read leaves its part out: the
// handshake fails then, and says so.
void set_identity(const Access& access, const std::string& authorities, asio::ssl::context& context) {
  boost::system::error_code failed;
  context.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, failed);
  if (access.authority.given()) {
    SSL_CTX_set_cert_store(context.native_handle(), X509_STORE_new());  // only this one, not also the system's
    if (auto pem = access.authority.read()) context.add_certificate_authority(asio::buffer(*pem), failed);
  } else {
    context.load_verify_file(authorities, failed);
  }
  if (!access.certificate.given()) return;
  auto certificate = access.certificate.read();
  auto key = access.key.read();
  if (!certificate || !key) return;
  context.use_certificate_chain(asio::buffer(*certificate), failed);
  context.use_private_key(asio::buffer(*key), asio::ssl::context::pem, failed);
}

http::client::http_client_config config_of(const Access& access, std::chrono::seconds idle) {
  http::client::http_client_config config;
  config.set_timeout(idle);
  config.set_max_redirects(0);
  config.set_ssl_context_callback([access, authorities = system_authorities()](asio::ssl::context& context) {
    set_identity(access, authorities, context);
  });
  return config;
}

http::http_request request_of(const Request& request, const std::string& token) {
  http::http_request wanted(request.method);
  wanted.set_request_uri(web::uri(request.target));
  wanted.headers().add("Accept", "application/json");
  wanted.headers().add("User-Agent", "chat-operator/" CHATCLUSTER_VERSION);
  if (!token.empty()) wanted.headers().add("Authorization", "Bearer " + token);
  if (!request.content_type.empty()) wanted.set_body(request.body, request.content_type);
  return wanted;
}

class ExchangeStream final : public Stream {
 public:
  explicit ExchangeStream(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  ~ExchangeStream() override { exchange_->cancel(); }
  ExchangeStream(const ExchangeStream&) = delete;
  ExchangeStream& operator=(const ExchangeStream&) = delete;
  Task<Result<std::string>> read() override { return exchange_->read(); }
  void cancel() override { exchange_->cancel(); }

 private:
  std::shared_ptr<Exchange> exchange_;  // shared with cpprestsdk's threads
};

}  // namespace

void size_http_threads(std::size_t threads) {
  std::call_once(threads_sized(), [threads] { crossplat::threadpool::initialize_with_threads(threads); });
}

struct ClientOfCpprest {
  http::client::http_client client;
};

struct CpprestHttp::Running {
  std::mutex mutex;
  std::condition_variable changed;
  std::set<std::shared_ptr<Exchange>> exchanges;
};

CpprestHttp::CpprestHttp(asio::any_io_executor executor, Access access, const chat::base::Clock& clock)
    : executor_(std::move(executor)),
      access_(std::move(access)),
      clock_(clock),
      tokens_(access_.token),
      running_(std::make_shared<Running>()) {
  size_http_threads(kThreads);
  requests_ = std::make_unique<ClientOfCpprest>(
      ClientOfCpprest{http::client::http_client(access_.server, config_of(access_, kRequestIdle))});
}

CpprestHttp::~CpprestHttp() {
  std::unique_lock lock(running_->mutex);
  auto exchanges = running_->exchanges;
  lock.unlock();
  for (const auto& exchange : exchanges) exchange->cancel();
  lock.lock();
  running_->changed.wait(lock, [this] { return running_->exchanges.empty(); });
}

Result<std::shared_ptr<Exchange>> CpprestHttp::start(const Request& request, bool stream, std::chrono::seconds idle) {
  // A token is told to nobody who can not prove who he is.
  auto token = access_.server.starts_with("https://") ? tokens_.token(clock_.steady()) : Result<std::string>{};
  if (!token) return fail(ApiErrc::unauthorized, token.error().message);
  auto exchange = std::make_shared<Exchange>(executor_, request.most_bytes, stream);
  auto running = running_;
  try {
    auto wanted = request_of(request, *token);
    wanted.set_response_stream(
        Concurrency::streams::streambuf<std::uint8_t>(std::make_shared<Sink>(exchange)).create_ostream());
    pplx::cancellation_token_source cancellation;
    exchange->set_abort([cancellation] { cancellation.cancel(); });
    auto client = requests_->client;
    if (stream) {
      auto config = config_of(access_, idle);
      auto socket = std::make_shared<std::atomic<void*>>(nullptr);
      // The first is called before there is a socket, the second once the request is written on it, while the
      // connection is held: this client has one.
      config.set_nativehandle_options([socket](http::client::native_handle handle) { *socket = handle; });
      bool tls = access_.server.starts_with("https://");
      wanted.set_progress_handler([socket, tls](http::message_direction::direction, utility::size64_t) {
        auto* handle = socket->exchange(nullptr);
        if (handle == nullptr) return;
        auto* plain = static_cast<asio::ip::tcp::socket*>(handle);
        if (tls) plain = &static_cast<asio::ssl::stream<asio::ip::tcp::socket&>*>(handle)->next_layer();
        notice_dead_peers(plain->native_handle());
      });
      client = http::client::http_client(access_.server, config);
    }
    {
      std::lock_guard lock(running->mutex);
      running->exchanges.insert(exchange);
    }
    client.request(wanted, cancellation.get_token())
        .then([exchange](http::http_response response) {
          std::string retry_after;
          response.headers().match("Retry-After", retry_after);
          exchange->on_head(response.status_code(), retry_after);
          return response.content_ready();
        })
        .then([exchange, running](pplx::task<http::http_response> whole) {
          std::optional<std::string> problem;
          try {
            whole.get();
          } catch (const std::exception& exception) {
            problem = exception.what();
          }
          exchange->on_end(std::move(problem));
          std::lock_guard lock(running->mutex);
          running->exchanges.erase(exchange);
          running->changed.notify_all();
        });
  } catch (const std::exception& exception) {
    std::lock_guard lock(running->mutex);
    running->exchanges.erase(exchange);
    return fail(ApiErrc::invalid, "the request can not be sent: " + std::string(exception.what()));
  }
  return exchange;
}

Task<Result<Response>> CpprestHttp::send(Request request) {
  auto exchange = start(request, false, kRequestIdle);
  if (!exchange) co_return fail(std::move(exchange.error()));
  auto head = co_await (*exchange)->head(request.deadline);
  if (!head) co_return fail(std::move(head.error()));
  auto body = co_await (*exchange)->body(request.deadline);
  if (!body) co_return fail(std::move(body.error()));
  co_return Response{head->status, std::move(*body), std::move(head->retry_after)};
}

Task<Result<std::unique_ptr<Stream>>> CpprestHttp::open(Request request, std::chrono::seconds idle) {
  auto exchange = start(request, true, idle);
  if (!exchange) co_return fail(std::move(exchange.error()));
  auto stream = std::make_unique<ExchangeStream>(*exchange);
  auto head = co_await (*exchange)->head(request.deadline);
  if (!head) co_return fail(std::move(head.error()));
  if (head->status == 200) co_return stream;
  auto body = co_await (*exchange)->body(request.deadline);
  co_return fail(error_of_answer(head->status, body ? *body : "", head->retry_after));
}

}  // namespace chatop::kubernetes
