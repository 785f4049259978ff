#pragma once
#include <map>
#include <string>

#include "dataplane/base/config.hpp"
#include "dataplane/base/json.hpp"
#include "operator/api/chat_cluster.hpp"
#include "operator/ports/process.hpp"

namespace chatop::kubernetes::objects {

using chat::base::Json;

// Of what somebody else runs: what Pods must know. Texts of CA certificates are PEM; empty: TLS is not asked for.
struct External {
  std::string postgres_ca;  // of all shards
  std::string postgres_sslmode;
  chat::base::HostPort redis;
  std::string redis_ca;
};

// Everything that the objects of one ChatCluster are made from.
struct Inputs {
  std::string cluster;     // demo
  std::string name_space;  // of the ChatCluster, and of all its objects
  std::string uid;         // of the ChatCluster: its objects go with it
  api::ChatClusterSpec spec;
  std::string image;    // of the operator's release; spec.image goes before it
  std::string version;  // of the daemons
  int shards = 0;       // managed ones, shard-0 … shard-(n-1); 0 where spec.shards.external is set
  // How many of each are wanted now; what is absent has the spec's minimum (a shard and Redis: one).
  std::map<ports::Role, int> replicas;
  std::string map;                 // the cluster map to start with, as JSON
  std::string operator_namespace;  // from where daemons and databases are asked
  External external;               // where spec.shards.external or spec.redis.external is set
  // The public half of the Secret of signing keys (public_keys()): what gateways check tokens with.
  std::map<std::string, std::string> jwt_public_keys;
  // The Secret tls_name() is there: daemons, PostgreSQL and Redis talk TLS to each other, and to the operator, which
  // must then trust its ca.crt. TLS for clients comes from spec.tls.secretName and needs nothing here.
  bool internal_tls = false;
};

}  // namespace chatop::kubernetes::objects
