#!/usr/bin/env python3
"""The ChatCluster is deleted: nothing of it is left but what its policy keeps. Then the operator is taken away, too."""
import unittest

from judged import Scenario, eventually, operator
from chat_on_kubernetes import kubectl

KINDS = ("pods,statefulsets,deployments,replicasets,services,endpointslices,configmaps,secrets,serviceaccounts,persistentvolumeclaims,"
         "poddisruptionbudgets,networkpolicies,roles,rolebindings,leases")


class Delete(Scenario):
    def names(self):
        found = set()
        for kind in KINDS.split(","):
            found |= {f"{kind}/{name}" for name in self.cluster.items(kind)}
        return found

    def test_only_what_the_policy_keeps_is_left(self):
        claims = {f"persistentvolumeclaims/data-demo-shard-{i}-0" for i in (0, 1)}
        listed = set(self.cluster.kubectl("get", "pvc", "-o", "name").split())
        self.assertEqual({name.replace("persistentvolumeclaim/", "persistentvolumeclaims/") for name in listed}, claims)
        self.cluster.kubectl("delete", "chatcluster", "demo", "--timeout=300s", timeout=330)
        kept = {"secrets/demo-secrets", "secrets/demo-jwt"}
        eventually("only Secrets and volumes are left", lambda: self.names() - claims == kept, 120)
        left = {f"persistentvolumeclaims/{name.partition('/')[2]}" for name in self.cluster.kubectl("get", "pvc", "-o", "name").split()}
        self.assertEqual(left, claims)
        self.cluster.kubectl("delete", "pvc,secrets", "--all")
        kubectl("delete", "namespace", self.cluster.namespace, timeout=180)
        operator.uninstall()
        kubectl("delete", "crd", *operator.DEFINITIONS)
        self.assertEqual(operator.remains(), [])


if __name__ == "__main__":
    unittest.main()
