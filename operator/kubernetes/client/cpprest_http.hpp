#pragma once
#include <memory>
#include <set>

#include "operator/kubernetes/client/access.hpp"
#include "operator/kubernetes/client/http.hpp"

namespace chatop::kubernetes {

// How many threads cpprestsdk's pool has, for the whole process; without it 40. Call it in main, before the first
// CpprestHttp; later calls change nothing. Nothing of ours blocks there: a few are enough.
void size_http_threads(std::size_t threads);

struct ClientOfCpprest;
class Exchange;

// The wire on cpprestsdk, which has its own threads; what they report is brought to `executor`. Requests share kept
// connections, every stream has a client and a connection of its own. The token is read again while it runs, and the
// files of certificates for each new connection. The destructor cancels what is under way and waits for its end; the
// executor's context must outlive this.
class CpprestHttp final : public Http {
 public:
  CpprestHttp(boost::asio::any_io_executor executor, Access access, const chat::base::Clock& clock);
  ~CpprestHttp() override;

  chat::base::Task<chat::base::Result<Response>> send(Request request) override;
  chat::base::Task<chat::base::Result<std::unique_ptr<Stream>>> open(Request request,
                                                                     std::chrono::seconds idle) override;
  void refresh_token() override { tokens_.forget(); }

 private:
  [[nodiscard]] chat::base::Result<std::shared_ptr<Exchange>> start(const Request& request, bool stream,
                                                                    std::chrono::seconds idle);
  boost::asio::any_io_executor executor_;
  Access access_;
  const chat::base::Clock& clock_;
  TokenReader tokens_;
  std::unique_ptr<ClientOfCpprest> requests_;
  struct Running;
  std::shared_ptr<Running> running_;  // shared with the exchanges, which take themselves out on cpprestsdk's threads
};

}  // namespace chatop::kubernetes
