#include "dataplane/adapters/jwt_keys.hpp"

#include <openssl/pem.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

#include "dataplane/base/config.hpp"
#include "dataplane/base/freed.hpp"
#include "dataplane/base/ulid.hpp"

namespace chat::adapters {
namespace {

constexpr std::size_t kMostKeys = 16;
constexpr std::string_view kPublicEnding = ".pub.pem";
constexpr std::string_view kPrivateEnding = ".pem";

class JwtCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "jwt"; }
  [[nodiscard]] std::string message(int code) const override {
    return code == static_cast<int>(JwtErrc::keys_unreadable) ? "key directory unreadable" : "key refused";
  }
};

bool is_kid(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

base::Result<Key> read_key(const std::filesystem::path& file, bool is_public) {
  auto text = base::read_secret(file);
  if (!text) return base::fail(JwtErrc::keys_unreadable, text.error().message);
  std::unique_ptr<BIO, base::Freed<BIO_free_all>> bio(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
  Key key(is_public ? PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr)
                    : PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key.get()) < 2048)
    return base::fail(JwtErrc::key_refused,
                      file.string() + ": must be a PEM file with an RSA key of 2,048 bits or more");
  return key;
}

// Files of a mounted Secret are all written anew when one of them changes, in any order.
std::int64_t made_at(const std::string& kid, const std::filesystem::directory_entry& file) {
  if (const auto ulid = base::Ulid::parse(kid)) return ulid->milliseconds();
  std::error_code error;
  const auto written = std::chrono::file_clock::to_sys(file.last_write_time(error));
  return std::chrono::duration_cast<std::chrono::milliseconds>(written.time_since_epoch()).count();
}

using Found = std::function<base::Status(std::string kid, const std::filesystem::directory_entry& file)>;

base::Status each_key_file(const std::filesystem::path& directory, bool is_public, const Found& found) {
  std::error_code error;
  std::size_t count = 0;
  for (auto at = std::filesystem::directory_iterator(directory, error);
       !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    const std::string file = at->path().filename().string();
    if (file.ends_with(kPublicEnding) != is_public || !file.ends_with(kPrivateEnding)) continue;
    const auto ending = is_public ? kPublicEnding : kPrivateEnding;
    std::string kid = file.substr(0, file.size() - ending.size());
    if (!is_kid(kid))
      return base::fail(JwtErrc::key_refused, at->path().string() + ": a key id is 1 to 64 letters, digits, - or _");
    if (++count > kMostKeys) return base::fail(JwtErrc::key_refused, directory.string() + ": holds more than 16 keys");
    if (auto status = found(std::move(kid), *at); !status) return status;
  }
  if (error) return base::fail(JwtErrc::keys_unreadable, directory.string() + ": " + error.message());
  if (count == 0)
    return base::fail(JwtErrc::keys_unreadable, directory.string() + ": holds no <kid>" +
                                                    std::string(is_public ? kPublicEnding : kPrivateEnding) + " file");
  return {};
}

}  // namespace

std::error_code make_error_code(JwtErrc code) {
  static const JwtCategory category;
  return {static_cast<int>(code), category};
}

base::Result<std::map<std::string, Key, std::less<>>> load_public_keys(const std::filesystem::path& directory) {
  std::map<std::string, Key, std::less<>> keys;
  auto status = each_key_file(directory, true, [&keys](std::string kid, const auto& file) -> base::Status {
    auto key = read_key(file.path(), true);
    if (!key) return base::fail(std::move(key).error());
    keys.emplace(std::move(kid), std::move(*key));
    return {};
  });
  if (!status) return base::fail(std::move(status).error());
  return keys;
}

base::Result<std::vector<SigningKey>> load_signing_keys(const std::filesystem::path& directory) {
  std::vector<SigningKey> keys;
  auto status = each_key_file(directory, false, [&keys](std::string kid, const auto& file) -> base::Status {
    auto key = read_key(file.path(), false);
    if (!key) return base::fail(std::move(key).error());
    const auto made = made_at(kid, file);
    keys.push_back({std::move(kid), std::move(*key), made});
    return {};
  });
  if (!status) return base::fail(std::move(status).error());
  std::sort(keys.begin(), keys.end(), [](const SigningKey& a, const SigningKey& b) {
    return a.made != b.made ? a.made > b.made : a.kid > b.kid;
  });
  return keys;
}

}  // namespace chat::adapters
