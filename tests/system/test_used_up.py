"""What can be used up or taken away behind the cluster's back: a shard's connections, its passwords, Redis's memory, a
gateway's files. The others go on, people are told, and it comes back by itself."""
import asyncio
import contextlib
import os
import re
import resource
import subprocess
import time
import unittest

from chat import Person
from cluster import eventually
from raw_socket import RawSocket
from redis_connection import RedisConnection
from talking import Talking, postgres_port, psql, secret

PGBENCH = "/usr/lib/postgresql/15/bin/pgbench"


class Connections(Talking):
    MAKE = {"gateways": 1, "of_shards": ", maxConnections: 40"}

    async def test_a_shard_without_a_connection_left(self):
        await self.talk("shard-0")
        script = self.cluster.home / "hold.sql"
        script.write_text("select pg_sleep(600);\n")
        holders = []

        def take_all():
            """Until one is refused."""
            while True:
                for holder in [each for each in holders if each.poll() is not None]:
                    holders.remove(holder)
                holders.append(subprocess.Popen(
                    [PGBENCH, "-n", "-h", "127.0.0.1", "-p", str(postgres_port(self.cluster, "shard-0")), "-U", "chat",
                     "-c", "1", "-T", "600", "-f", script, "chat"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    env={"PGPASSWORD": secret(self.cluster, "postgres_chat_password")}))
                with contextlib.suppress(subprocess.TimeoutExpired):
                    holders[-1].wait(1)
                    return  # it was refused
                self.assertLess(len(holders), 60)
        async def keep_taking():
            """What someone else gives back is taken, too."""
            while True:
                await self.run_blocking(take_all)
                await asyncio.sleep(0.5)
        taking = asyncio.create_task(keep_taking())
        try:
            await self.says("ConnectionsUsedUp", "shard-0", '"pgbench"', "spec.shards.maxConnections")
            with self.subTest("who is connected goes on"):
                await self.talk("shard-0")
            with self.subTest("who has to connect now waits for its turn, and the other shard does not"):
                # Who goes leaves room behind, and the next one may or may not get it: so that role gets none.
                await self.run_blocking(psql, self.cluster, "shard-0", "alter role chat connection limit 0")
                self.cluster.kill("messages-0")
                await self.talk_until_acknowledged("shard-1", "another shard", "other-shard")
                waiting = await self.try_to_talk("shard-0", "waits for its turn", "waits")
                self.assertEqual((waiting["type"], waiting.get("code")), ("error", "unavailable"))
                await self.says("shard-0 can not be written to", "too many connections for role")
                self.assertLess(self.log("messages-0").count("too many connections"), 60)
        finally:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)
            await self.run_blocking(psql, self.cluster, "shard-0", "alter role chat connection limit -1")
            for holder in holders:
                holder.kill()
                holder.wait()
            # A server does not notice that its client has gone while it sleeps.
            await self.run_blocking(psql, self.cluster, "shard-0", "select count(pg_terminate_backend(pid)) from "
                                    "pg_stat_activity where application_name = 'pgbench'")
        await self.talk_until_acknowledged("shard-0", "waits for its turn", "waits")
        await self.says_no_more("ConnectionsUsedUp")
        await self.serves()
        await self.judge()

    async def test_the_daemons_password_was_changed(self):
        await self.talk("shard-1")
        await self.run_blocking(psql, self.cluster, "shard-1", "alter role chat password 'another'")
        self.cluster.kill("messages-0")  # the next one has to sign in
        await self.talk_until_acknowledged("shard-1", "signed in again", "signed-in")
        await self.run_blocking(eventually, "the operator says what it did", lambda: (
            "give shard-1 the daemons' password again" in self.log("operator")), 30)
        await self.says_no_more("LoginRefused")
        await self.serves()
        await self.judge()

    async def test_the_operators_password_was_changed(self):
        await self.talk("shard-1")
        await self.run_blocking(psql, self.cluster, "shard-1", "alter role postgres password 'another'")
        before = self.cluster.pids()
        await self.says("shard-1", "password authentication failed", "alter role", kind="Available")
        await self.talk("shard-1")
        self.assertEqual(self.cluster.pids(), before, "what can not be read is no reason to end anything")
        good = secret(self.cluster, "postgres_superuser_password")
        await self.run_blocking(psql, self.cluster, "shard-1", f"alter role postgres password '{good}'", password="another")
        await self.serves()
        await self.judge()


class Memory(Talking):
    MAKE = {"gateways": 2}

    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.redis = await RedisConnection.open(self.cluster)

    async def asyncTearDown(self):
        for setting in (("maxmemory", "64mb"), ("maxmemory-policy", "volatile-lru")):
            await self.redis.command("CONFIG", "SET", *setting)
        self.redis.close()
        await super().asyncTearDown()

    async def use_up(self, policy):
        await self.redis.command("CONFIG", "SET", "maxmemory-policy", policy)
        used = int(re.search(r"used_memory:(\d+)", await self.redis.command("INFO", "memory")).group(1))
        await self.redis.command("CONFIG", "SET", "maxmemory", str(used - (100_000 if policy == "noeviction" else 0)))

    async def chat_goes_on(self):
        for shard in self.talks:
            await self.talk(shard)
        cat = await Person.make(self.cluster.api)
        talk = await self.ann.talk_to(cat)
        socket = await cat.socket()  # signing on works
        await self.a.say(talk, "hello")
        await socket.expect("message", conversation_id=talk, seq=1)
        await socket.close()
        await self.judge()

    async def test_redis_refuses_writes(self):
        await self.use_up("noeviction")
        self.assertIn("OOM", await self.redis.command("SET", "anything", "1"))
        await self.says("RedisFull", "messages are stored and delivered", "spec.redis.memory")
        await self.chat_goes_on()
        size = self.log_bytes()
        await self.chat_goes_on()
        self.assertLess(self.log_bytes() - size, 200_000, "a line for each command that Redis refuses")

    async def test_redis_drops_keys(self):
        await self.use_up("allkeys-lru")
        for i in range(200):  # something is dropped with each of them
            await self.redis.command("SET", f"filler:{i}", "x" * 10_000)
        await self.says("RedisEvicts", "messages are stored and delivered", "spec.redis.memory")
        await self.chat_goes_on()


class Files(Talking):
    MAKE = {"gateways": 1, "shards": 1, "limits": "    connectionsPerUser: 0\n"}
    LIMIT = 160

    def cpu_seconds(self, pid):
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def test_a_gateway_without_a_file_left(self):
        pid = self.cluster.pids()["gateway-0"]
        await self.talk()
        url, opened = self.cluster.websocket, []
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (self.LIMIT, before[1]))
        try:
            for _ in range(self.LIMIT):
                opened.append(await RawSocket.open(url, self.ann.token))
                if opened[-1].status != 101:
                    break
            self.assertEqual(opened[-1].status, 503)
            self.assertGreater(len(opened), self.LIMIT // 2)
            with self.subTest("who is there goes on, and the gateway can be looked after"):
                await self.talk()
                await self.says("OutOfFiles", "gateway-0", "those that are there stay", "ulimit -n")
                self.assertGreater(self.cluster.metric("gateway-0", "chat_gateway_out_of_files_total"), 0)
            with self.subTest("with no file at all it waits, it does not spin"):
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (16, before[1]))
                waiting = [await asyncio.open_connection(*url.split("/")[2].split(":")) for _ in range(20)]
                spent, began = self.cpu_seconds(pid), time.monotonic()
                for _ in range(10):
                    await self.talk()
                spent, took = self.cpu_seconds(pid) - spent, time.monotonic() - began
                for _, writer in waiting:
                    writer.close()
                print(f"{spent:.2f} s of CPU in {took:.2f} s with ten messages and twenty that wait for a file")
                self.assertLess(spent, max(0.5, took / 2))
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        with self.subTest("with files it takes connections again"):
            for connection in opened:
                connection.close()
            socket = await self.bob.socket()
            await socket.send("ping", id="p")
            await socket.expect("pong", id="p")
            await socket.close()
            await self.says_no_more("OutOfFiles")
        self.assertEqual(self.cluster.pids()["gateway-0"], pid)
        await self.judge()


if __name__ == "__main__":
    unittest.main()
