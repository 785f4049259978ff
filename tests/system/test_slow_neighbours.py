"""Neighbours that are slow or gone: Redis half a second late, a shard two seconds late, a disk that takes its time, no
name service. Only who needs them waits, nothing is lost, and people are told which of them it is."""
import asyncio
import json
import time
import unittest

from chat import Person
from cluster import eventually
from redis_connection import RedisConnection
from surroundings import Proxy, Surroundings
from talking import Talking, postgres_port, psql

REDIS_LATE = 0.5
SHARD_LATE = 2.0
FLUSH_MS = 400


class SlowNeighbours(Talking):
    @classmethod
    def setUpClass(cls):
        cls.around = Surroundings()
        cls.around.set(names_fail=1)  # from the first process on
        cls.MAKE = {"gateways": 2, "environment": cls.around.environment}
        super().setUpClass()

    async def took(self, shard):
        began = time.monotonic()
        await self.talk(shard, back=True)  # who waits for the slow one is Ann
        return time.monotonic() - began

    async def test_redis_answers_late(self):
        redis = await RedisConnection.open(self.cluster)
        proxy = Proxy(redis.port)
        self.addClassCleanup(proxy.close)  # what was led to it stays so
        self.around.redirect(redis.port, proxy)
        for kind in ("normal", "pubsub"):  # whoever connects again comes through the proxy
            await redis.command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
        await self.run_blocking(eventually, "all come through the proxy", lambda: len(proxy.links) >= 2 * 6, 30)
        await self.talk()
        proxy.delay = REDIS_LATE
        try:
            await self.says("RedisSlow", "messages do not wait for it")
            with self.subTest("an ack does not wait for Redis"):
                talk = self.talks["shard-0"]
                sent = [asyncio.create_task(self.a.say(talk, f"late {i}", client_msg_id=f"late{i}")) for i in range(20)]
                self.acks[talk] += await asyncio.gather(*sent)
                await self.b.expect("message", conversation_id=talk, client_msg_id="late19")
            with self.subTest("signing on works"):
                cat = await Person.make(self.cluster.api)
                socket = await cat.socket()
                await socket.close()
        finally:
            proxy.delay = 0
        await self.says_no_more("RedisSlow")
        with self.subTest("a connection that breaks is made again, without a name service"):
            proxy.cut()
            await self.talk()
        redis.close()
        await self.judge()

    async def test_a_shard_is_two_seconds_late(self):
        port = postgres_port(self.cluster, "shard-1")
        proxy = Proxy(port)
        self.addClassCleanup(proxy.close)  # what was led to it stays so
        self.around.redirect(port, proxy)
        await self.run_blocking(psql, self.cluster, "shard-1",
                                "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'chat'")
        for _ in range(3):
            await self.talk_until_acknowledged("shard-1", "through the proxy", "through-the-proxy")
        proxy.delay = SHARD_LATE
        try:
            late = asyncio.create_task(self.try_to_talk("shard-1", "late", "late"))
            others = [await self.took("shard-0") for _ in range(10)]
            self.assertFalse(late.done(), "the others did not wait for it")
            print(f"shard-1 is {SHARD_LATE} s late; on shard-0 meanwhile at most {max(others):.3f} s")
            await late
            await self.talk_until_acknowledged("shard-1", "late", "late")
            await self.says("shard-1", kind="Available", seconds=120)
        finally:
            proxy.delay = 0
        await self.serves()
        await self.talk("shard-1")
        await self.judge()

    async def test_a_slow_disk(self):
        self.around.set(slow_shard=1, flush_ms=FLUSH_MS)
        try:
            talk = self.talks["shard-1"]
            sent = [asyncio.create_task(self.a.say(talk, f"slow {i}", client_msg_id=f"slow{i}")) for i in range(200)]
            others = [await self.took("shard-0") for _ in range(10)]
            self.acks[talk] += await asyncio.gather(*sent)
            print(f"a flush takes {FLUSH_MS} ms on shard-1; on shard-0 meanwhile at most {max(others):.3f} s")
            for i in range(8):  # one after the other: each is a commit of its own
                await self.talk("shard-1")
            await self.says("ShardSlow", "shard-1", "its disk")
            await self.b.expect("message", conversation_id=talk, client_msg_id="slow199")
        finally:
            self.around.set(flush_ms=0)
        for _ in range(3):
            await self.talk("shard-1")
        await self.says_no_more("ShardSlow")
        await self.judge()

    async def test_no_name_service(self):
        """Nothing in local mode has an address by name: not one name was asked for, neither to come up nor later, when
        every kind of process is made again and connects anew."""
        before = self.cluster.pids()
        for name in ("redis", "shard-0", "messages-0", "api-0", "gateway-1"):
            self.cluster.kill(name)
        for shard in self.talks:
            await self.talk_until_acknowledged(shard, "made again", f"made-again-{shard}")
        await self.serves()
        self.assertNotEqual(self.cluster.pids(), before)
        self.assertEqual(self.around.get("names_asked"), 0)
        await self.judge()


if __name__ == "__main__":
    unittest.main()
