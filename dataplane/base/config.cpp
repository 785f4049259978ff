#include "dataplane/base/config.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <set>
#include <string_view>

#include "dataplane/base/text.hpp"

namespace chat::base {
namespace {

constexpr std::size_t kMostFileBytes = 1024 * 1024;
constexpr std::int64_t kLongestGraceSeconds = 86'400;

class ConfigCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "config"; }
  [[nodiscard]] std::string message(int code) const override {
    return code == static_cast<int>(ConfigErrc::unreadable) ? "unreadable" : "invalid";
  }
};

constexpr std::array<std::string_view, 29> kKeys{"name",
                                                 "cluster",
                                                 "version",
                                                 "listen",
                                                 "shared",
                                                 "admin",
                                                 "admin_token_file",
                                                 "map_file",
                                                 "public_url",
                                                 "jwt_keys_dir",
                                                 "web_dir",
                                                 "redis",
                                                 "redis_password_file",
                                                 "postgres_user",
                                                 "postgres_password_file",
                                                 "postgres_database",
                                                 "allowed_origins",
                                                 "stop_grace_seconds",
                                                 "tls_cert_file",
                                                 "tls_key_file",
                                                 "tls_min_version",
                                                 "internal_tls_cert_file",
                                                 "internal_tls_key_file",
                                                 "internal_tls_ca_file",
                                                 "internal_tls_name",
                                                 "admin_tls",
                                                 "postgres_ca_file",
                                                 "postgres_sslmode",
                                                 "redis_ca_file"};

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text;
  if (in) {
    std::array<char, 4096> part{};
    while (in.read(part.data(), part.size()), in.gcount() > 0) {
      text.append(part.data(), static_cast<std::size_t>(in.gcount()));
      if (text.size() > kMostFileBytes)
        return fail(ConfigErrc::unreadable, path.string() + ": larger than 1 MiB, which no configuration is");
    }
  }
  if (!in.eof() || in.bad()) return fail(ConfigErrc::unreadable, path.string() + ": can not be read");
  return text;
}

// Reads the keys of one mapping. The first failure is kept, so that a caller states all its keys in a row.
class Reader {
 public:
  Reader(std::string file, const YAML::Node& root) : file_(std::move(file)), root_(root) {}

  void check_keys() {
    std::set<std::string> seen;
    for (const auto& entry : root_) {
      if (!entry.first.IsScalar()) return wrong("", "every key must be a plain string");
      const std::string& key = entry.first.Scalar();
      if (!seen.insert(key).second) return wrong(key, "is there twice: keep one");
      if (std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end()) continue;
      auto known = nearest(key, kKeys);
      return wrong(key, "is not a known key" + (known ? "; did you mean " + std::string(*known) + "?" : std::string()));
    }
  }
  void require(const char* key) {
    if (!root_[key]) wrong(key, "is missing: this key is required");
  }
  void read(const char* key, std::string& into) {
    if (auto text = scalar(key)) into = *text;
  }
  void read(const char* key, std::filesystem::path& into) {
    if (auto text = scalar(key)) into = *text;
  }
  void read(const char* key, HostPort& into) {
    auto text = scalar(key);
    if (!text) return;
    auto parsed = parse_host_port(*text);
    if (!parsed) return wrong(key, parsed.error().message);
    into = *parsed;
  }
  void read(const char* key, std::optional<HostPort>& into) {
    if (!root_[key]) return;
    HostPort value;
    read(key, value);
    into = value;
  }
  void read(const char* key, std::vector<std::string>& into) {
    const YAML::Node list = root_[key];
    if (!list) return;
    if (!list.IsSequence()) return wrong(key, "must be a list of strings");
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (!list[i].IsScalar()) return wrong(std::string(key) + "[" + std::to_string(i) + "]", "must be a string");
      into.push_back(list[i].Scalar());
    }
  }
  void read(const char* key, bool& into) {
    auto text = scalar(key);
    if (!text) return;
    if (*text != "true" && *text != "false") return wrong(key, "must be true or false");
    into = *text == "true";
  }
  void read(const char* key, std::int64_t& into, std::int64_t most) {
    auto text = scalar(key);
    if (!text) return;
    std::int64_t value = 0;
    auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc() || end != text->data() + text->size() || value < 0 || value > most)
      return wrong(key, "must be a whole number from 0 to " + std::to_string(most));
    into = value;
  }
  void allow(const char* key, const std::string& value, std::initializer_list<std::string_view> values) {
    if (std::find(values.begin(), values.end(), value) != values.end()) return;
    std::string known;
    for (const auto each : values) known += (known.empty() ? "" : " or ") + std::string(each);
    wrong(key, "is \"" + value.substr(0, 100) + "\": it must be " + known);
  }
  // Files that are of use only together.
  void together(std::initializer_list<const char*> keys) {
    const auto named = [this](const char* key) { return root_[key] && root_[key].IsScalar() && !scalar(key)->empty(); };
    const auto missing = std::find_if_not(keys.begin(), keys.end(), named);
    const auto there = std::find_if(keys.begin(), keys.end(), named);
    if (missing != keys.end() && there != keys.end())
      wrong(*missing, "is missing: it is needed where " + std::string(*there) + " is there");
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  std::optional<std::string> scalar(const char* key) {
    const YAML::Node node = root_[key];
    if (!node) return std::nullopt;
    if (!node.IsScalar()) {
      wrong(key, "must be a string");
      return std::nullopt;
    }
    return node.Scalar();
  }
  void wrong(const std::string& path, const std::string& what) {
    if (!error_) error_ = Error{ConfigErrc::invalid, file_ + ": " + path + (path.empty() ? "" : " ") + what};
  }

  std::string file_;
  const YAML::Node root_;
  std::optional<Error> error_;
};

void read_tls(Reader& reader, DaemonConfig& config) {
  reader.read("tls_cert_file", config.tls_cert_file);
  reader.read("tls_key_file", config.tls_key_file);
  reader.read("tls_min_version", config.tls_min_version);
  reader.read("internal_tls_cert_file", config.internal_tls_cert_file);
  reader.read("internal_tls_key_file", config.internal_tls_key_file);
  reader.read("internal_tls_ca_file", config.internal_tls_ca_file);
  reader.read("internal_tls_name", config.internal_tls_name);
  reader.read("admin_tls", config.admin_tls);
  reader.read("postgres_ca_file", config.postgres_ca_file);
  reader.read("postgres_sslmode", config.postgres_sslmode);
  reader.read("redis_ca_file", config.redis_ca_file);
  reader.allow("tls_min_version", config.tls_min_version, {"1.3", "1.2"});
  reader.allow("postgres_sslmode", config.postgres_sslmode, {"verify-full", "verify-ca"});
  reader.together({"tls_cert_file", "tls_key_file"});
  reader.together({"internal_tls_cert_file", "internal_tls_key_file", "internal_tls_ca_file"});
  if (config.admin_tls) reader.require("internal_tls_cert_file");
}

Result<DaemonConfig> read_config(const std::string& file, const YAML::Node& root) {
  if (!root.IsMap()) return fail(ConfigErrc::invalid, file + ": must be a mapping of keys to values");
  DaemonConfig config;
  Reader reader(file, root);
  reader.check_keys();
  for (const char* key : {"name", "cluster", "admin", "admin_token_file"}) reader.require(key);
  reader.read("name", config.name);
  reader.read("cluster", config.cluster);
  reader.read("version", config.version);
  reader.read("listen", config.listen);
  reader.read("shared", config.shared);
  reader.read("admin", config.admin);
  reader.read("admin_token_file", config.admin_token_file);
  reader.read("map_file", config.map_file);
  reader.read("public_url", config.public_url);
  reader.read("jwt_keys_dir", config.jwt_keys_dir);
  reader.read("web_dir", config.web_dir);
  reader.read("redis", config.redis);
  reader.read("redis_password_file", config.redis_password_file);
  reader.read("postgres_user", config.postgres_user);
  reader.read("postgres_password_file", config.postgres_password_file);
  reader.read("postgres_database", config.postgres_database);
  reader.read("allowed_origins", config.allowed_origins);
  reader.read("stop_grace_seconds", config.stop_grace_seconds, kLongestGraceSeconds);
  read_tls(reader, config);
  if (reader.error()) return fail(*reader.error());
  return config;
}

}  // namespace

std::error_code make_error_code(ConfigErrc code) {
  static const ConfigCategory category;
  return {static_cast<int>(code), category};
}

Result<HostPort> parse_host_port(const std::string& text) {
  auto wrong = [&text](const char* what) {
    return fail(ConfigErrc::invalid,
                "\"" + text.substr(0, 100) + "\" " + what + ": write host:port, for example 127.0.0.1:8080");
  };
  auto colon = text.rfind(':');
  if (colon == std::string::npos) return wrong("has no port");
  std::string host = text.substr(0, colon);
  if (!host.empty() && host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return wrong("has an unclosed [");
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    return wrong("holds an IPv6 address without [ ]");
  }
  if (host.empty()) return wrong("has no host");
  if (host.find_first_of("[] \t\r\n/@") != std::string::npos || has_nul(host)) return wrong("has no valid host");
  std::uint16_t port = 0;
  const char* first = text.data() + colon + 1;
  const char* last = text.data() + text.size();
  auto [end, error] = std::from_chars(first, last, port);
  if (error != std::errc() || end != last) return wrong("has no valid port (0 to 65535)");
  return HostPort{std::move(host), port};
}

Result<DaemonConfig> load_daemon_config(const std::filesystem::path& file) {
  auto text = read_file(file);
  if (!text) return fail(std::move(text).error());
  try {
    return read_config(file.string(), YAML::Load(*text));
  } catch (const YAML::Exception& exception) {
    return fail(ConfigErrc::invalid, file.string() + ": not valid YAML: " + exception.what());
  }
}

Result<std::string> read_secret(const std::filesystem::path& file) {
  auto text = read_file(file);
  if (!text) return text;
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  if (text->empty()) return fail(ConfigErrc::invalid, file.string() + ": is empty: a secret belongs in it");
  return text;
}

}  // namespace chat::base
