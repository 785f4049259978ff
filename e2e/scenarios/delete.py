#!/usr/bin/env python3
"""Deleted, a ChatCluster leaves what its policy keeps: made again, people find their messages. Then all goes, the operator too."""
import json
import unittest

from judged import Scenario, eventually, in_thread, operator
from chat import Person, check_history, history
from chat_on_kubernetes import kubectl

KINDS = ("pods,statefulsets,deployments,replicasets,services,endpointslices,configmaps,secrets,serviceaccounts,persistentvolumeclaims,"
         "poddisruptionbudgets,networkpolicies,roles,rolebindings,leases")
# Retain: the volumes, what opens them, and what says which part of the chat is on which.
KEPT = {"persistentvolumeclaims/data-demo-shard-0-0", "persistentvolumeclaims/data-demo-shard-1-0", "secrets/demo-secrets",
        "secrets/demo-jwt", "configmaps/demo-map"}
# Of every namespace, or of these scenarios.
NOT_OURS = {"configmaps/kube-root-ca.crt", "serviceaccounts/default", "services/outside-gateway", "services/outside-api"}


class Delete(Scenario):
    def names(self):
        """All that is in the namespace, whatever its labels."""
        found = set()
        for kind in KINDS.split(","):
            listed = json.loads(self.cluster.kubectl("get", kind, "-o", "json"))["items"]
            found |= {f"{kind}/{item['metadata']['name']}" for item in listed}
        return {name for name in found - NOT_OURS if not name.startswith("endpointslices/outside-")}

    def delete(self, left):
        self.cluster.kubectl("delete", "chatcluster", "demo", "--timeout=300s", timeout=330)
        eventually(f"only this is left: {sorted(left)}", lambda: self.names() == left or self.fail_with(self.names()), 120)

    def fail_with(self, names):
        raise ValueError(f"there are {sorted(names)}")

    async def test_delete(self):
        ann, bob = [await Person.make(await in_thread(lambda: self.cluster.api)) for _ in range(2)]
        talk = await ann.talk_to(bob)
        socket = await ann.socket()
        acks = [await socket.say(talk, f"number {number}") for number in range(10)]
        await socket.close()

        await in_thread(self.delete, KEPT)
        await in_thread(self.cluster.apply_demo)
        await in_thread(self.cluster.wait_settled)
        again = await Person.sign_in(await in_thread(lambda: self.cluster.api), ann.name)
        check_history(await history(again, talk), acks)

        await in_thread(lambda: self.cluster.patch({"shards": {"storage": {"whenDeleted": "Delete"}}}))
        await in_thread(self.cluster.wait_settled)
        await in_thread(self.delete, set())
        await in_thread(self.all_of_it)

    def all_of_it(self):
        kubectl("delete", "namespace", self.cluster.namespace, timeout=180)
        operator.uninstall()
        kubectl("delete", "crd", *operator.DEFINITIONS)
        self.assertEqual(operator.remains(), [])


if __name__ == "__main__":
    unittest.main()
