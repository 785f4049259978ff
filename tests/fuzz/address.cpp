// Whose request it is: nobody names himself past a proxy that is not trusted.
#include "dataplane/services/address.hpp"

#include "tests/fuzz/check.hpp"
#include "tests/fuzz/input.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chat::services;
  chat::fuzz::Input input(data, size);
  boost::system::error_code error;
  const auto peer = boost::asio::ip::make_address(std::string(input.line()), error);
  if (error) return 0;
  std::vector<std::string> trusted;
  for (int i = input.byte() % 4; i > 0; --i) trusted.emplace_back(input.line());
  const auto forwarded = input.rest();
  const auto client = client_address(peer, forwarded, trusted);
  FUZZ_CHECK(!limit_key(client).empty() && limit_key(client).size() < 64);
  // The address alone, without its zone: what a limit counts by does not depend on how it was written.
  FUZZ_CHECK(client_address(client, "", trusted) == client);
  if (!in_blocks(peer, trusted)) FUZZ_CHECK(client == client_address(peer, "", trusted));
  // What an untrusted client writes in front changes nothing.
  if (!in_blocks(client, trusted) && client != client_address(peer, "", trusted))
    FUZZ_CHECK(client_address(peer, "6.6.6.6," + std::string(forwarded), trusted) == client);
  return 0;
}
