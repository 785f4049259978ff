// A token is believed only where our key signed it and its claims are for this cluster and this moment.
#include "dataplane/adapters/jwt.hpp"

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <fstream>

#include "dataplane/base/digest.hpp"
#include "dataplane/base/json.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

using namespace chat::adapters;
using chat::base::base64url;

constexpr std::int64_t kNow = 1'700'000'000'000;

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct ContextFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// A verifier with one key, `k1`, that nobody else has.
struct Cluster {
  chat::testing::TempDir directory;
  Key key{EVP_RSA_gen(2048)};
  std::unique_ptr<JwtVerifier> verifier;

  Cluster() {
    const std::unique_ptr<BIO, BioFree> bio(BIO_new(BIO_s_mem()));
    FUZZ_CHECK(key && PEM_write_bio_PUBKEY(bio.get(), key.get()) == 1);
    char* text = nullptr;
    const auto length = BIO_get_mem_data(bio.get(), &text);
    std::ofstream(directory.path() / "k1.pub.pem", std::ios::binary).write(text, length);
    auto loaded = JwtVerifier::load({directory.path(), jwt_issuer("demo")});
    FUZZ_CHECK(loaded);
    verifier = std::move(*loaded);
  }
  [[nodiscard]] std::string sign(const std::string& text) const {
    const std::unique_ptr<EVP_MD_CTX, ContextFree> context(EVP_MD_CTX_new());
    std::string signature(256, '\0');
    std::size_t length = signature.size();
    FUZZ_CHECK(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1);
    FUZZ_CHECK(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length,
                              reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1);
    return signature;
  }
};

const Cluster& cluster() {
  static const Cluster one;
  return one;
}

// Header and claims, a line each, signed as our own would be: what is behind the signature must hold by itself.
void check_signed(chat::fuzz::Input input) {
  const std::string header(input.line());
  const std::string claims(input.rest());
  const std::string text = base64url(header) + "." + base64url(claims);
  const auto who = cluster().verifier->verify(text + "." + base64url(cluster().sign(text)), kNow);
  if (!who) {
    FUZZ_CHECK(!who.error().message.empty());
    return;
  }
  const auto told_header = chat::base::parse_json(header);
  const auto told = chat::base::parse_json(claims);
  FUZZ_CHECK(told && told_header && (*told_header)["alg"] == "RS256" && (*told_header)["kid"] == "k1");
  FUZZ_CHECK((*told)["iss"] == "chatcluster/demo" && (*told)["aud"] == "chat");
  FUZZ_CHECK((*told)["exp"].get<std::int64_t>() * 1000 + 5000 > kNow);
  FUZZ_CHECK((*told)["nbf"].get<std::int64_t>() * 1000 - 5000 <= kNow);
  FUZZ_CHECK(who->expires_at == (*told)["exp"].get<std::int64_t>() * 1000);
  FUZZ_CHECK(!who->device_id.empty() && (*told)["did"] == who->device_id && (*told)["name"] == who->username);
  // With any other byte in place of the last one the signature is another's.
  const auto forged = base64url(header) + "." + base64url(claims + " ") + "." + base64url(cluster().sign(text));
  FUZZ_CHECK(!cluster().verifier->verify(forged, kNow));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chat::fuzz::Input input(data, size);
  if (input.byte() % 2 == 0)
    check_signed(input);
  else
    FUZZ_CHECK(!cluster().verifier->verify(input.rest(), kNow));  // nobody can sign for us
  return 0;
}
