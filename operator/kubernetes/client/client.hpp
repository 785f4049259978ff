#pragma once
#include <functional>
#include <optional>
#include <random>
#include <vector>

#include "dataplane/base/json.hpp"
#include "dataplane/base/turns.hpp"
#include "operator/kubernetes/client/http.hpp"
#include "operator/kubernetes/client/resource.hpp"
#include "operator/kubernetes/client/watch_stream.hpp"

namespace chatop::kubernetes {

// An object's place.
struct ObjectRef {
  Kind kind;
  std::string name_space;
  std::string name;
};

struct ListRequest {
  Kind kind;
  std::string name_space;  // empty: all
  std::string labels;      // label_selector()
  std::string fields;      // "metadata.name=demo"
  int page = 100;          // objects at a time: as trees they take ten times their bytes
};

// What a consumer keeps of an object that it gets: everything else is dropped page by page, before the next one comes.
// The object's name, namespace and UID stay.
using Keep = std::function<chat::base::Json(chat::base::Json)>;

struct Listed {
  std::vector<chat::base::Json> items;
  std::string resource_version;
};

// Calls of the Kubernetes API as values. Each has a deadline (all its attempts together) and waits with jitter before
// it tries again what may be tried again (wait_before_retry()). Writes obey the fence. One thread; must outlive its
// calls.
class Client {
 public:
  struct Options {
    std::string field_manager = "chat-operator";
    std::chrono::milliseconds deadline{15'000};
    std::size_t most_items = 100'000;  // of a list: one more is an error
    // So many writes are under way at a time; others wait for their turn, a minute at most, before their deadline
    // counts.
    std::size_t writes_at_once = 64;
    // Until when a write of ours may be under way (LeaderElection::writes_until); not set: always.
    std::function<chat::base::SteadyTime()> writes_until = {};
    // Wait this part of what wait_before_retry() says: tests are in a hurry.
    double patience = 1.0;
  };
  Client(Http& http, const chat::base::Clock& clock, boost::asio::any_io_executor executor, Options options);

  chat::base::Task<chat::base::Result<chat::base::Json>> get(ObjectRef object);
  // All pages, or an error: never a part. `gone`: the list changed too much meanwhile; begin again.
  chat::base::Task<chat::base::Result<Listed>> list(ListRequest request, Keep keep);
  // Not repeated where the first may have happened.
  chat::base::Task<chat::base::Result<chat::base::Json>> create(ObjectRef object, chat::base::Json body);

  struct Apply {
    bool force = true;  // take fields from other managers; without it: conflict
    bool dry_run = false;
    std::string subresource;  // "status"
  };
  // Server-side apply: `body` is all that we want to own of the object.
  chat::base::Task<chat::base::Result<chat::base::Json>> apply(ObjectRef object, chat::base::Json body, Apply how);
  // A JSON merge patch. With metadata.resourceVersion in it: conflict when the object has changed since.
  chat::base::Task<chat::base::Result<chat::base::Json>> merge(ObjectRef object, chat::base::Json patch,
                                                               std::string subresource);
  // The whole object, at the resourceVersion that it carries. Not repeated where it may have happened.
  chat::base::Task<chat::base::Result<chat::base::Json>> replace(ObjectRef object, chat::base::Json body,
                                                                 std::string subresource);
  // The object with this UID and no namesake: conflict when another one stands there. One that is gone already is no
  // error. Dependents go in the background. `grace`: seconds that a Pod gets instead of its own; 0: at once, even where
  // its node does not answer.
  chat::base::Task<chat::base::Status> remove(ObjectRef object, std::string uid, std::optional<int> grace = {});

  // From after `resource_version` on; ended by the server after `seconds`.
  chat::base::Task<chat::base::Result<std::unique_ptr<WatchStream>>> watch(ListRequest request,
                                                                           std::string resource_version, int seconds);
  // What a container of the Pod wrote; the API's parameters say which one, and how much. Fails after so long a silence.
  chat::base::Task<chat::base::Result<std::unique_ptr<Stream>>> log(ObjectRef pod, Parameters parameters,
                                                                    std::chrono::seconds idle);

 private:
  enum class Effect { read, write };
  chat::base::Task<chat::base::Result<std::string>> call(Request request, Effect effect, Repeat repeat);
  chat::base::Task<chat::base::Result<std::string>> write(Request request, Repeat repeat);
  chat::base::Task<chat::base::Result<chat::base::Json>> call_json(Request request, Effect effect, Repeat repeat);
  chat::base::Task<chat::base::Result<std::unique_ptr<Stream>>> open(Request request, std::chrono::seconds idle);
  chat::base::Task<chat::base::Result<chat::base::Json>> page(const ListRequest& request, std::string position);
  [[nodiscard]] double jitter() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  Http& http_;
  const chat::base::Clock& clock_;
  boost::asio::any_io_executor executor_;
  Options options_;
  std::mt19937 random_;
  chat::base::Turns writes_;
};

}  // namespace chatop::kubernetes
