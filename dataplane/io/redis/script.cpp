#include "dataplane/io/redis/script.hpp"

#include <openssl/evp.h>

#include <cstdlib>

#include "dataplane/base/digest.hpp"

namespace chat::io::redis {
namespace {

// Redis names scripts by SHA-1.
std::string digest_of(const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (EVP_Digest(text.data(), text.size(), digest, &length, EVP_sha1(), nullptr) != 1) std::abort();
  return base::hex({reinterpret_cast<const char*>(digest), length});
}

bool is_unknown(const base::Result<Reply>& reply) {
  return !reply && reply.error().code == Errc::error_reply && reply.error().message.find("NOSCRIPT") == 0;
}

}  // namespace

Script::Script(std::string text) : text_(std::move(text)), digest_(digest_of(text_)) {}

Script::Command Script::command(const std::vector<std::string>& keys, const std::vector<std::string>& arguments) const {
  Command command{"EVALSHA", digest_, std::to_string(keys.size())};
  command.insert(command.end(), keys.begin(), keys.end());
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

void Script::send_text(Command& command) const {
  command[0] = "EVAL";
  command[1] = text_;
}

base::Task<base::Result<Reply>> Script::run(Client& client, std::vector<std::string> keys,
                                            std::vector<std::string> arguments) const {
  auto asked = command(keys, arguments);
  auto reply = co_await client.command(asked);
  if (!is_unknown(reply)) co_return reply;
  send_text(asked);
  co_return co_await client.command(std::move(asked));
}

void Script::begin(Client& client, const std::vector<std::string>& keys,
                   const std::vector<std::string>& arguments) const {
  auto asked = command(keys, arguments);
  const std::vector<std::string_view> views(asked.begin(), asked.end());
  client.command(views, [this, &client, asked = std::move(asked)](const base::Result<Reply>& reply) mutable {
    if (!is_unknown(reply)) return;
    send_text(asked);
    client.command(std::vector<std::string_view>(asked.begin(), asked.end()), {});
  });
}

}  // namespace chat::io::redis
