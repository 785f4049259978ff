#include "operator/kubernetes/client/access.hpp"

#include <fstream>
#include <vector>

namespace chatop::kubernetes {
namespace {

using chat::base::fail;
using chat::base::Result;

constexpr std::size_t kLargestFile = 1024UL * 1024;
constexpr std::chrono::seconds kTokenAge{10};

class AccessCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "kubernetes access"; }
  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<AccessErrc>(code)) {
      case AccessErrc::unreadable:
        return "a file of the access to Kubernetes can not be read";
      case AccessErrc::invalid:
        return "the access to Kubernetes is not described completely";
      case AccessErrc::unsupported:
        return "a way of access to Kubernetes that is not supported";
    }
    return "unknown";
  }
};

}  // namespace

std::error_code make_error_code(AccessErrc code) {
  static const AccessCategory category;
  return {static_cast<int>(code), category};
}

Result<std::string> Source::read() const {
  if (file.empty()) return text;
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(AccessErrc::unreadable, file.string() + " can not be read");
  std::string content(kLargestFile + 1, '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad()) return fail(AccessErrc::unreadable, file.string() + " can not be read");
  if (content.size() > kLargestFile) return fail(AccessErrc::invalid, file.string() + " is larger than 1 MiB");
  while (!content.empty() && (content.back() == '\n' || content.back() == '\r')) content.pop_back();
  if (content.empty()) return fail(AccessErrc::invalid, file.string() + " is empty");
  return content;
}

Result<Access> in_cluster_access(const std::string& host, const std::string& port,
                                 const std::filesystem::path& account) {
  if (host.empty() || port.empty()) {
    return fail(AccessErrc::invalid,
                "this is no Pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; name a --kubeconfig");
  }
  Access access;
  bool numeric6 = host.find(':') != std::string::npos;
  access.server = "https://" + (numeric6 ? "[" + host + "]" : host) + ":" + port;
  access.authority.file = account / "ca.crt";
  access.token.file = account / "token";
  for (const auto* needed : {&access.authority, &access.token}) {
    if (auto content = needed->read(); !content) {
      return fail(AccessErrc::unreadable,
                  content.error().message + ": the Pod needs automountServiceAccountToken and a service account");
    }
  }
  if (auto name_space = Source{{}, account / "namespace"}.read()) access.name_space = *name_space;
  return access;
}

Result<Access> find_access(const std::string& kubeconfig, const std::string& context,
                           const std::function<std::string(const char*)>& environment) {
  if (!kubeconfig.empty()) return kubeconfig_access({kubeconfig}, context);
  if (auto listed = environment("KUBECONFIG"); !listed.empty()) {
    std::vector<std::filesystem::path> files;
    for (std::size_t begin = 0; begin <= listed.size();) {
      auto end = std::min(listed.find(':', begin), listed.size());
      if (end > begin) files.emplace_back(listed.substr(begin, end - begin));
      begin = end + 1;
    }
    return kubeconfig_access(files, context);
  }
  if (auto host = environment("KUBERNETES_SERVICE_HOST"); !host.empty() && context.empty())
    return in_cluster_access(host, environment("KUBERNETES_SERVICE_PORT"));
  return kubeconfig_access({std::filesystem::path(environment("HOME")) / ".kube" / "config"}, context);
}

Result<std::string> TokenReader::token(chat::base::SteadyTime now) {
  if (!source_.given()) return std::string();
  if (read_at_ && now - *read_at_ < kTokenAge) return token_;
  auto fresh = source_.read();
  if (!fresh && token_.empty()) return fresh;
  if (fresh) token_ = std::move(*fresh);
  read_at_ = now;
  return token_;
}

}  // namespace chatop::kubernetes
