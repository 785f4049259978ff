#!/usr/bin/env python3
"""demo.yaml from nothing until Available; two people outside, with no way to a Pod, chat through Services."""
import asyncio
import errno
import os
import socket
import unittest

from judged import Scenario, in_thread
from chat import Person, check_device, check_history, history


class Demo(Scenario):
    def test_no_pod_can_be_reached_from_here(self):
        if not os.environ.get("CHATCLUSTER_E2E_OUTSIDE"):
            self.skipTest("an existing cluster: where its Pods can be reached from is its own affair")
        for pod in self.cluster.pods("gateway").values():
            with self.assertRaises(OSError) as refused, socket.socket() as probe:
                probe.settimeout(5)
                probe.connect((pod["status"]["podIP"], 8080))
            self.assertEqual(refused.exception.errno, errno.ENETUNREACH)

    async def test_two_people_chat(self):
        api = await in_thread(lambda: self.cluster.api)
        ann, bob = await Person.make(api), await Person.make(api)
        a, b = await ann.socket(), await bob.socket()
        talk = await ann.talk_to(bob)
        acks = []
        for number in range(20):
            sender, reader = ((a, b), (b, a))[number % 2]
            acks.append(await sender.say(talk, f"number {number}"))
            await reader.expect("message", conversation_id=talk, seq=acks[-1]["seq"])
        stored = await history(ann, talk)
        check_history(stored, acks)
        for one in (a, b):
            await one.expect("message", seq=20, conversation_id=talk)
            check_device(one.messages(talk), stored)
            await one.close()

    def test_what_people_at_kubectl_see(self):
        row = self.cluster.kubectl("get", "chat", "demo").splitlines()
        self.assertEqual(row[0].split()[:2], ["NAME", "READY"])
        self.assertEqual(row[1].split()[:2], ["demo", "True"])
        told = self.cluster.kubectl("describe", "chat", "demo")
        self.assertIn("Available", told)

    async def test_a_settled_cluster_is_left_alone(self):
        """I8: for 20 s nothing is written of what it is made of. (What Kubernetes says in their status goes on.)"""
        def version(item):
            meta = item["metadata"]
            return meta["resourceVersion"] if "generation" not in meta else (meta["uid"], meta["generation"], meta.get("annotations"))

        def versions():
            kinds = "statefulsets,deployments,services,configmaps,secrets,poddisruptionbudgets,networkpolicies,serviceaccounts"
            return {f"{kind}/{name}": version(item) for kind in kinds.split(",") for name, item in self.cluster.items(kind).items()}
        before = await in_thread(versions)
        await asyncio.sleep(20)  # what is watched for is that nothing happens
        self.assertEqual(await in_thread(versions), before)


if __name__ == "__main__":
    unittest.main()
