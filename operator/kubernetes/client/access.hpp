#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/clock.hpp"
#include "dataplane/base/result.hpp"

namespace chatop::kubernetes {

// Why the API server can not even be asked; the message says what to change.
enum class AccessErrc { unreadable = 1, invalid, unsupported };
std::error_code make_error_code(AccessErrc code);

// Text that was given as such, or lies in a file that may be replaced at any time.
struct Source {
  std::string text;
  std::filesystem::path file;
  [[nodiscard]] bool given() const { return !text.empty() || !file.empty(); }
  // At most 1 MiB, without trailing newlines.
  [[nodiscard]] chat::base::Result<std::string> read() const;
};

// Where the API server is and who we are there. Secrets inside: never logged.
struct Access {
  std::string server;  // https://10.96.0.1:443
  Source authority;    // PEM; not given: the system's
  Source certificate;  // PEM, with its key: instead of a token
  Source key;
  Source token;
  std::string name_space = "default";
  std::string context;  // for sentences; empty: in-cluster
};

// What a Pod finds: $KUBERNETES_SERVICE_HOST, $KUBERNETES_SERVICE_PORT and the folder of its service account.
[[nodiscard]] chat::base::Result<Access> in_cluster_access(
    const std::string& host, const std::string& port,
    const std::filesystem::path& account = "/var/run/secrets/kubernetes.io/serviceaccount");

// Files as $KUBECONFIG lists them: of two entries of one name the first counts, as with kubectl. `context` empty: the
// current one. What would need another program or weaken the connection is refused with a sentence.
[[nodiscard]] chat::base::Result<Access> kubeconfig_access(const std::vector<std::filesystem::path>& files,
                                                           const std::string& context = {});

// As kubectl chooses: `kubeconfig` (a flag), else $KUBECONFIG, else in-cluster where this is a Pod, else
// ~/.kube/config. `environment` returns "" for what is not set.
[[nodiscard]] chat::base::Result<Access> find_access(const std::string& kubeconfig, const std::string& context,
                                                     const std::function<std::string(const char*)>& environment);

// A token that is read again every 10 s, since Kubernetes replaces the files of its accounts. One thread.
class TokenReader {
 public:
  explicit TokenReader(Source source) : source_(std::move(source)) {}
  // The last one that could be read where the file is away for a moment.
  [[nodiscard]] chat::base::Result<std::string> token(chat::base::SteadyTime now);
  void forget() { read_at_.reset(); }

 private:
  Source source_;
  std::string token_;
  std::optional<chat::base::SteadyTime> read_at_;
};

}  // namespace chatop::kubernetes

template <>
struct std::is_error_code_enum<chatop::kubernetes::AccessErrc> : std::true_type {};
