#include "operator/kubernetes/site/pod_log.hpp"

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <optional>
#include <ostream>

#include "operator/kubernetes/client/fields.hpp"
#include "operator/kubernetes/client/kinds.hpp"
#include "operator/kubernetes/site/pods.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::fail;
using chat::base::Json;
using chat::base::Status;
using chat::base::Task;

// kubelet sends what there is at once; who follows may wait for days.
constexpr std::chrono::seconds kSilence{30};
constexpr std::chrono::seconds kLongSilence{7 * 24 * 3600};

Task<Status> copy(Stream& stream, const bool& interrupted, std::ostream& out) {
  while (out) {
    auto bytes = co_await stream.read();
    if (!bytes && interrupted) break;
    if (!bytes) co_return fail(std::move(bytes.error()));
    if (bytes->empty()) break;
    out << *bytes << std::flush;
  }
  co_return Status{};
}

}  // namespace

Status copy_pod_log(Connection& connection, const Json& pod, std::int64_t tail, bool follow, std::ostream& out) {
  const ObjectRef object{kinds::kPod, text_at(pod, {"metadata", "namespace"}), name_of(pod)};
  const Parameters parameters{{"container", container_of(pod)},
                              {"tailLines", tail < 0 ? "" : std::to_string(tail)},
                              {"follow", follow ? "true" : ""}};
  auto stream = connection.run(connection.client().log(object, parameters, follow ? kLongSilence : kSilence));
  if (!stream) return fail(stream.error());
  bool interrupted = false;
  std::optional<boost::asio::signal_set> signals;
  if (follow) {
    signals.emplace(connection.io(), SIGINT, SIGTERM);
    signals->async_wait([&interrupted, &stream](boost::system::error_code failed, int /*signal*/) {
      if (failed) return;
      interrupted = true;
      (*stream)->cancel();
    });
  }
  return connection.run(copy(**stream, interrupted, out));
}

}  // namespace chatop::kubernetes
