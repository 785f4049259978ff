#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/base/json.hpp"
#include "operator/api/chat_cluster.hpp"
#include "operator/kubernetes/platform/tls_secrets.hpp"
#include "operator/ports/finding.hpp"

// What the Secrets of a ChatCluster say, from one reading to the next. Pure.
namespace chatop::kubernetes {

// Whether the cluster's parts talk TLS to each other, which is decided once, when the ChatCluster is made, and stands
// in kInternalTlsAnnotation of demo-secrets and of demo-map, should a person make one of them anew. `provided`:
// somebody else (cert-manager) keeps demo-tls.
enum class InternalTls { off, generated, provided };
inline constexpr const char* kInternalTlsAnnotation = "chatcluster.io/internal-tls";
[[nodiscard]] InternalTls internal_tls_of(const chat::base::Json& object);
void note_internal_tls(InternalTls tls, chat::base::Json& object);

struct ClusterSecrets {
  std::string admin_token;
  std::string superuser_password;
  std::string chat_password;
  std::string redis_password;
  // What stood there before it was changed: as far as this operator saw it, or as the Secret says.
  std::string earlier_admin_token;
  std::string earlier_superuser_password;
  std::string earlier_redis_password;
  std::map<std::string, std::string> public_keys;  // <kid>.pub.pem
  InternalTls tls = InternalTls::off;
  std::string trusted;                 // ca.crt of demo-tls
  std::int64_t certificate_since = 0;  // of tls.crt, seconds since 1970
  bool operator==(const ClusterSecrets&) const = default;
};

inline constexpr const char* kSecretMissing = "SecretMissing";
inline constexpr const char* kSecretIncomplete = "SecretIncomplete";

// demo-secrets, demo-jwt and, where the first says that there is one, demo-tls as the API server has them; nullopt: it
// is not there.
struct ReadSecrets {
  std::optional<chat::base::Json> values;
  std::optional<chat::base::Json> keys;
  InternalTls internal_tls = InternalTls::off;
  TlsSecrets tls = {};
};

struct KnownSecrets {
  std::optional<ClusterSecrets> secrets;  // nullopt: not all of them are known
  std::vector<ports::Finding> findings;
};
// What is gone, or lacks a value, counts on as it was known before, and is a finding: it is never made anew, since the
// volumes can not be opened with something else.
[[nodiscard]] KnownSecrets after_reading(const std::string& cluster, const std::optional<ClusterSecrets>& before,
                                         const ReadSecrets& read);

// Whoever puts this annotation on demo-secrets, with any text, wants new values there.
inline constexpr const char* kRotateAnnotation = "chatcluster.io/rotate";
// Since when those that are there count; without it, since the Secret was made.
inline constexpr const char* kValuesSinceAnnotation = "chatcluster.io/values-since";
// Somebody asks for new values, or all are ours and 90 days old. `now`: milliseconds since 1970.
[[nodiscard]] bool wants_new_values(const chat::base::Json& values, std::int64_t now);
// The merge patch that puts them there and takes kRotateAnnotation away, where demo-secrets is what was read. Those of
// before stay beside them, so that any operator can tell PostgreSQL and Redis, and ask daemons that have not read them
// yet. `make_one`: a new secret.
[[nodiscard]] chat::base::Json new_values(const chat::base::Json& values, const std::function<std::string()>& make_one,
                                          std::int64_t now);

// A Secret of the user's that the spec names and nobody else reads, and what must stand in it.
struct NamedSecret {
  std::string field;  // spec.tls.secretName
  std::string name;
  std::vector<std::string> keys;
  std::string command;  // that makes it
};
[[nodiscard]] std::vector<NamedSecret> named_secrets(const api::ChatClusterSpec& spec);
// Of one of them as it was read; nullopt: nothing is wrong.
[[nodiscard]] std::optional<ports::Finding> wrong_with(const NamedSecret& named,
                                                       const std::optional<chat::base::Json>& read);

}  // namespace chatop::kubernetes
