#!/usr/bin/env python3
"""PostgreSQL and Redis that somebody else runs, over TLS: people chat while those are killed, and what is stored there outlives the
ChatCluster: made again, it serves it."""
import json
import pathlib
import shutil
import tempfile
import unittest

from judged import Scenario, ShardsInPods, eventually, in_thread
from certificates import Authority
from chat import Person, check_history, history
from servers_of_others import NAMESPACE, SUPERUSER, ServersOfOthers

WORKLOADS = {"demo-gateway", "demo-api", "demo-messages", "demo-worker"}


class ShardsOfOthers(ShardsInPods):
    """shard-0 is the first by name."""

    def __init__(self, chat):
        self.chat = chat
        self.password = SUPERUSER
        self.names = [shard["name"] for shard in chat.status()["shards"]]

    def place(self, shard):
        return NAMESPACE, f"postgres-{'ab'[self.names.index(shard)]}-0", "server"


class External(Scenario):
    SHARDS = ShardsOfOthers

    @classmethod
    def begin(cls):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="chatcluster-e2e-"))
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.cluster.remove_with_its_data()
        cls.servers = ServersOfOthers(Authority(folder))
        cls.servers.stop()
        cls.addClassCleanup(cls.servers.stop)
        cls.addClassCleanup(cls.cluster.remove_with_its_data)
        cls.servers.start()
        cls.cluster.expose()
        for name in (*cls.servers.databases, "redis"):
            secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": cls.servers.secret(name)}
            cls.cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=json.dumps(secret))
            cls.addClassCleanup(lambda name=name: cls.cluster.kubectl("delete", "secret", name))
        cls.apply()

    @classmethod
    def apply(cls):
        cls.cluster.apply_demo(redis={"external": {"secretName": "redis"}},
                               shards={"external": [{"name": name[-1], "secretName": name} for name in cls.servers.databases]})
        cls.cluster.wait_settled()

    async def test_people_chat_while_they_are_killed(self):
        async def during(load):
            before = await in_thread(self.cluster.lives)
            for name in ("redis", *self.servers.databases):
                await in_thread(self.servers.kill, name)
                await load.every_writer_acknowledged_again()
            await in_thread(self.cluster.wait_settled)
            self.assertEqual(await in_thread(self.cluster.lives), before, "none of ours began anew")
        await self.judged("servers of others killed", during=during)

    async def test_what_is_stored_there_outlives_the_chatcluster(self):
        self.assertEqual(set(await in_thread(self.cluster.items, "statefulsets,deployments")), WORKLOADS)
        ann, bob = [await Person.make(await in_thread(lambda: self.cluster.api)) for _ in range(2)]
        talk = await ann.talk_to(bob)
        socket = await ann.socket()
        acks = [await socket.say(talk, f"number {number}") for number in range(10)]
        await socket.close()
        await in_thread(self.cluster.remove_with_its_data)
        await in_thread(eventually, "its Pods are gone", lambda: not self.cluster.pods(), 120)
        await in_thread(self.apply)
        again = await Person.sign_in(await in_thread(lambda: self.cluster.api), ann.name)
        check_history(await history(again, talk), acks)


if __name__ == "__main__":
    unittest.main()
