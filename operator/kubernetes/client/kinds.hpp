#pragma once
#include "operator/kubernetes/client/resource.hpp"

// The kinds that the operator reads and writes.
namespace chatop::kubernetes::kinds {

inline const Kind kChatCluster{"chatcluster.io", "v1alpha1", "chatclusters", "ChatCluster", true};
inline const Kind kChatOperation{"chatcluster.io", "v1alpha1", "chatoperations", "ChatOperation", true};
inline const Kind kPod{"", "v1", "pods", "Pod", true};
inline const Kind kStatefulSet{"apps", "v1", "statefulsets", "StatefulSet", true};
inline const Kind kDeployment{"apps", "v1", "deployments", "Deployment", true};
inline const Kind kService{"", "v1", "services", "Service", true};
inline const Kind kConfigMap{"", "v1", "configmaps", "ConfigMap", true};
inline const Kind kServiceAccount{"", "v1", "serviceaccounts", "ServiceAccount", true};
inline const Kind kNetworkPolicy{"networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true};
inline const Kind kBudget{"policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true};
inline const Kind kClaim{"", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true};
inline const Kind kSecret{"", "v1", "secrets", "Secret", true};
inline const Kind kEvent{"", "v1", "events", "Event", true};
inline const Kind kLease{"coordination.k8s.io", "v1", "leases", "Lease", true};
inline const Kind kStorageClass{"storage.k8s.io", "v1", "storageclasses", "StorageClass", false};

}  // namespace chatop::kubernetes::kinds
