#include "operator/kubernetes/site/open_site.hpp"

#include "operator/kubernetes/client/cpprest_http.hpp"
#include "operator/kubernetes/site/kubernetes_site.hpp"

namespace chatop::kubernetes {

using chat::base::fail;
using chat::base::Result;

Result<std::unique_ptr<ports::Site>> open_site(const SiteFlags& flags,
                                               const std::function<std::string(const char*)>& environment) {
  auto access = find_access(flags.kubeconfig, flags.context, environment);
  if (!access) return fail(ports::SiteErrc::unreadable, access.error().message);
  KubernetesSite::Options options;
  options.name_space = flags.name_space.empty() ? access->name_space : flags.name_space;
  options.only_this_namespace = !flags.name_space.empty();
  options.context = access->context;
  options.server = access->server;
  options.force_conflicts = flags.force_conflicts;
  if (flags.brief) options.deadline = std::chrono::milliseconds(2'000);
  return std::make_unique<KubernetesSite>(
      [access = std::move(*access)](boost::asio::any_io_executor executor, const chat::base::Clock& clock) {
        return std::make_unique<CpprestHttp>(std::move(executor), access, clock);
      },
      std::move(options));
}

}  // namespace chatop::kubernetes
