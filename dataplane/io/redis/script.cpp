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

using Texts = std::vector<std::string>;

Texts command(const char* name, const std::string& script, const Texts& keys, const Texts& arguments) {
  Texts command{name, script, std::to_string(keys.size())};
  command.insert(command.end(), keys.begin(), keys.end());
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

std::vector<std::string_view> views_of(const Texts& texts) { return {texts.begin(), texts.end()}; }

}  // namespace

Script::Script(std::string text) : text_(std::move(text)), digest_(digest_of(text_)) {}

base::Task<base::Result<Reply>> Script::run(Client& client, Texts keys, Texts arguments) const {
  auto by_digest = command("EVALSHA", digest_, keys, arguments);
  auto reply = co_await client.command(std::move(by_digest));
  if (!is_unknown(reply)) co_return reply;
  auto by_text = command("EVAL", text_, keys, arguments);
  co_return co_await client.command(std::move(by_text));
}

void Script::begin(Client& client, Texts keys, Texts arguments) const {
  const auto by_digest = command("EVALSHA", digest_, keys, arguments);
  client.command(views_of(by_digest), [this, &client, keys = std::move(keys),
                                       arguments = std::move(arguments)](const base::Result<Reply>& reply) {
    if (is_unknown(reply)) client.command(views_of(command("EVAL", text_, keys, arguments)), {});
  });
}

}  // namespace chat::io::redis
