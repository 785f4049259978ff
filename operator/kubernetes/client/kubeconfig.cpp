#include <yaml-cpp/yaml.h>

#include <array>
#include <map>
#include <vector>

#include "dataplane/base/digest.hpp"
#include "operator/kubernetes/client/access.hpp"

namespace chatop::kubernetes {
namespace {

using chat::base::fail;
using chat::base::Result;
using chat::base::Status;
namespace fs = std::filesystem;

// An entry and the folder that its relative paths begin at.
struct Entry {
  YAML::Node node;
  fs::path folder;
};

struct Kubeconfig {
  std::string current_context;
  std::map<std::string, Entry> clusters;
  std::map<std::string, Entry> users;
  std::map<std::string, Entry> contexts;
  std::string files;  // for sentences
};

std::string text_of(const YAML::Node& parent, const char* key) {
  const auto node = parent[key];
  return node && node.IsScalar() ? node.Scalar() : std::string();
}

// Shape errors of the file throw YAML exceptions: read_file() turns them into a sentence.
void add_entries(const YAML::Node& root, const char* list, const char* inner, const fs::path& folder,
                 std::map<std::string, Entry>& into) {
  for (const auto& item : root[list]) into.emplace(text_of(item, "name"), Entry{item[inner], folder});
}

Status read_file(const fs::path& file, Kubeconfig& into) {
  auto text = Source{{}, file}.read();
  if (!text) return fail(text.error());
  try {
    auto root = YAML::Load(*text);
    if (!root.IsMap()) return fail(AccessErrc::invalid, file.string() + " is no kubeconfig");
    if (into.current_context.empty()) into.current_context = text_of(root, "current-context");
    add_entries(root, "clusters", "cluster", file.parent_path(), into.clusters);
    add_entries(root, "users", "user", file.parent_path(), into.users);
    add_entries(root, "contexts", "context", file.parent_path(), into.contexts);
  } catch (const YAML::Exception& exception) {
    return fail(AccessErrc::invalid, file.string() + " is no kubeconfig: " + exception.what());
  }
  into.files += (into.files.empty() ? "" : ":") + file.string();
  return {};
}

// `name`-data (base64) counts more than a file, as with kubectl.
Result<Source> source_of(const Entry& entry, const std::string& name) {
  Source source;
  if (auto data = text_of(entry.node, (name + "-data").c_str()); !data.empty()) {
    auto bytes = chat::base::parse_base64(data);
    if (!bytes) return fail(AccessErrc::invalid, "the kubeconfig's " + name + "-data is not base64");
    source.text = std::move(*bytes);
  } else if (auto file = text_of(entry.node, name.c_str()); !file.empty()) {
    source.file = entry.folder / file;
    if (auto content = source.read(); !content) return fail(content.error());
  }
  return source;
}

struct Refused {
  const char* key;
  const char* sentence;
};
constexpr std::array<Refused, 4> kOfClusters{{
    {"insecure-skip-tls-verify",
     "give the cluster's certificate-authority instead: a server that is not proved is not told our token"},
    {"tls-server-name", "use a server address that its certificate names"},
    {"proxy-url", "reach the API server without a proxy, for example through kubectl proxy or a tunnel"},
    {"disable-compression", nullptr},  // nothing is compressed here
}};
constexpr std::array<Refused, 5> kOfUsers{{
    {"exec",
     "no other program is run for a token: use a token, a tokenFile or a client certificate (kubectl create token "
     "makes one)"},
    {"auth-provider", "Kubernetes itself has removed it: use a token, a tokenFile or a client certificate"},
    {"username", "Kubernetes itself has removed passwords: use a token, a tokenFile or a client certificate"},
    {"as", "acting as somebody else is not supported: use a token or certificate of that user"},
    {"as-groups", "acting as somebody else is not supported: use a token or certificate of that user"},
}};

template <std::size_t N>
Status refuse(const Entry& entry, const std::array<Refused, N>& refused, const std::string& whose) {
  for (const auto& [key, sentence] : refused) {
    const auto node = entry.node[key];
    bool set = node && !node.IsNull() && !(node.IsScalar() && (node.Scalar() == "false" || node.Scalar().empty()));
    if (set && sentence != nullptr)
      return fail(AccessErrc::unsupported, whose + " has " + key + ", which is not supported: " + sentence);
  }
  return {};
}

Result<Entry> find(const std::map<std::string, Entry>& entries, const std::string& name, const char* what,
                   const std::string& files) {
  auto found = entries.find(name);
  if (found != entries.end() && found->second.node && found->second.node.IsMap()) return found->second;
  std::string known;
  for (const auto& [its_name, entry] : entries) known += (known.empty() ? "" : ", ") + its_name;
  return fail(AccessErrc::invalid, "there is no " + std::string(what) + " \"" + name + "\" in " + files +
                                       (known.empty() ? "" : "; there is: " + known));
}

Status take_user(const Entry& user, const std::string& name, Access& access) {
  if (auto allowed = refuse(user, kOfUsers, "user \"" + name + "\""); !allowed) return allowed;
  auto certificate = source_of(user, "client-certificate");
  auto key = certificate ? source_of(user, "client-key") : certificate;
  if (!key) return fail(key.error());
  if (certificate->given() != key->given())
    return fail(AccessErrc::invalid, "user \"" + name + "\" needs client-certificate and client-key, both");
  access.certificate = std::move(*certificate);
  access.key = std::move(*key);
  // A file counts more than the text, as with kubectl: it is the one that is kept fresh.
  if (auto file = text_of(user.node, "tokenFile"); !file.empty()) {
    access.token.file = user.folder / file;
    if (auto content = access.token.read(); !content) return fail(content.error());
  } else {
    access.token.text = text_of(user.node, "token");
  }
  return {};
}

Result<Access> access_of(const Kubeconfig& config, const std::string& context_name) {
  auto context = find(config.contexts, context_name, "context", config.files);
  if (!context) return fail(context.error());
  auto cluster_name = text_of(context->node, "cluster");
  auto user_name = text_of(context->node, "user");
  auto cluster = find(config.clusters, cluster_name, "cluster", config.files);
  if (!cluster) return fail(cluster.error());
  if (auto allowed = refuse(*cluster, kOfClusters, "cluster \"" + cluster_name + "\""); !allowed)
    return fail(allowed.error());

  Access access;
  access.context = context_name;
  access.server = text_of(cluster->node, "server");
  while (!access.server.empty() && access.server.back() == '/') access.server.pop_back();
  if (!access.server.starts_with("https://") && !access.server.starts_with("http://"))
    return fail(AccessErrc::invalid, "cluster \"" + cluster_name + "\" needs a server that begins with https://");
  auto authority = source_of(*cluster, "certificate-authority");
  if (!authority) return fail(authority.error());
  access.authority = std::move(*authority);
  if (auto name_space = text_of(context->node, "namespace"); !name_space.empty()) access.name_space = name_space;
  if (user_name.empty()) return access;
  auto user = find(config.users, user_name, "user", config.files);
  if (!user) return fail(user.error());
  if (auto taken = take_user(*user, user_name, access); !taken) return fail(taken.error());
  return access;
}

}  // namespace

Result<Access> kubeconfig_access(const std::vector<fs::path>& files, const std::string& context) {
  Kubeconfig config;
  for (const auto& file : files) {
    std::error_code ignored;
    if (files.size() > 1 && !fs::exists(file, ignored)) continue;  // of several, some may be missing, as with kubectl
    if (auto read = read_file(file, config); !read) return fail(read.error());
  }
  auto name = context.empty() ? config.current_context : context;
  if (name.empty()) {
    return fail(AccessErrc::invalid, (config.files.empty() ? "the kubeconfig" : config.files) +
                                         " has no current-context: name one with --context");
  }
  try {
    return access_of(config, name);
  } catch (const YAML::Exception& exception) {
    return fail(AccessErrc::invalid, config.files + ": " + exception.what());
  }
}

}  // namespace chatop::kubernetes
