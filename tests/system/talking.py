"""Two people who talk on every shard of a cluster: what the tests of a cluster's surroundings look at."""
import asyncio
import contextlib
import re
import subprocess
import unittest

import websockets

from chat import Person, check_history, counter, history
from cluster import Cluster, eventually

PSQL = "/usr/lib/postgresql/15/bin/psql"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BUCKETS = 4096


def bucket_of(ulid):
    """As dataplane/domain/bucket.cpp has it: FNV-1a, then the finaliser of splitmix64."""
    number = 0
    for letter in ulid:
        number = number * 32 + CROCKFORD.index(letter)
    x = 0xCBF29CE484222325
    for byte in number.to_bytes(16, "big"):
        x = (x ^ byte) * 0x100000001B3 % 2**64
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
    return (x ^ x >> 31) % BUCKETS


def postgres_port(cluster, shard):
    text = (cluster.dir / "clusters" / "demo" / "config" / f"{shard}.conf").read_text()
    return int(re.search(r"^port = (\d+)", text, re.M).group(1))


def secret(cluster, name):
    return (cluster.dir / "clusters" / "demo" / "secrets" / name).read_text().strip()


def psql(cluster, shard, sql, password=None, check=True):
    """As the shard's superuser."""
    run = subprocess.run(
        [PSQL, "-h", "127.0.0.1", "-p", str(postgres_port(cluster, shard)), "-U", "postgres", "-d", "chat", "-Atc", sql],
        env={"PGPASSWORD": password or secret(cluster, "postgres_superuser_password")}, capture_output=True, text=True,
        timeout=60)
    assert not check or run.returncode == 0, run.stderr
    return run.stdout.strip()


class Talking(unittest.IsolatedAsyncioTestCase):
    """One cluster for the class; each test gets two people with a conversation on every shard."""
    MAKE = {}  # arguments of the Cluster

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(**cls.MAKE).__enter__()

    @classmethod
    def tearDownClass(cls):
        for line in (cls.cluster.dir / "operator.log").read_text(errors="replace").splitlines():
            if "process_ended" in line or "process_signalled" in line:
                print(line)
        for log in cls.cluster.dir.glob("clusters/demo/logs/gateway-*.log"):
            print(*[line for line in log.read_text(errors="replace").splitlines() if not line.startswith("{")], sep="\n")
        cls.cluster.__exit__(None, None, None)

    async def asyncSetUp(self):
        api = self.cluster.api
        self.ann, self.bob = await Person.make(api), await Person.make(api)
        self.a, self.b = await self.ann.socket(), await self.bob.socket()
        self.talks, self.acks = {}, {}
        while len(self.talks) < self.cluster.values["shards"]:
            made = await self.ann.ok("POST", "/v1/groups", {"name": "talk", "member_ids": [self.bob.user_id]})
            talk = made["conversation_id"]
            shard = f"shard-{bucket_of(talk) * self.cluster.values['shards'] // BUCKETS}"
            self.talks.setdefault(shard, talk)
            self.acks.setdefault(talk, [])

        self.pings = asyncio.create_task(self.stay_alive())

    async def stay_alive(self):
        """A connection from which nothing comes for a minute is closed; the tests may wait for longer."""
        while True:
            await asyncio.sleep(15)
            for socket in (self.a, self.b):
                with contextlib.suppress(OSError, websockets.ConnectionClosed):
                    await socket.send("ping")

    async def asyncTearDown(self):
        self.pings.cancel()
        await self.a.close()
        await self.b.close()

    async def run_blocking(self, function, *arguments, **named):
        return await asyncio.get_running_loop().run_in_executor(None, lambda: function(*arguments, **named))

    async def talk(self, shard="shard-0", seconds=15, back=False):
        """One message of Ann (`back`: of Bob) that is acknowledged and reaches the other."""
        talk, key = self.talks[shard], f"t{next(counter)}"
        sender, reader = (self.b, self.a) if back else (self.a, self.b)
        ack = await sender.say(talk, f"text {key}", client_msg_id=key, seconds=seconds)
        self.acks[talk].append(ack)
        await reader.expect("message", seconds=seconds, conversation_id=talk, seq=ack["seq"])
        return ack

    async def try_to_talk(self, shard, content, key):
        """The answer to one send, an ack or an error."""
        asked = f"{key} {next(counter)}"
        await self.a.send("msg.send", id=asked, conversation_id=self.talks[shard], content=content, client_msg_id=key)
        answer = await self.a.find(lambda f: f.get("id") == asked and f["type"] in ("ack", "error"), 30)
        if answer["type"] == "ack":
            self.acks[self.talks[shard]].append(answer)
        return answer

    async def talk_until_acknowledged(self, shard, content, key, tries=60):
        """As a client does: the same client_msg_id again, after the time to wait."""
        for _ in range(tries):
            answer = await self.try_to_talk(shard, content, key)
            if answer["type"] == "ack":
                return answer
            self.assertEqual(answer["code"], "unavailable", answer)
            await asyncio.sleep(min(answer.get("retry_after_ms", 200), 1000) / 1000)
        self.fail(f"never acknowledged: {answer}")

    async def judge(self):
        """What was acknowledged is stored, once and in order."""
        for talk, acks in self.acks.items():
            check_history(await history(self.ann, talk), acks)

    async def says(self, *words, kind="Degraded", seconds=60):
        """Waits until that condition says all these words; chatctl status then shows it to people, too."""
        last = None

        def said():
            nonlocal last
            condition = self.cluster.condition(kind)
            bad = condition["status"] == ("True" if kind == "Degraded" else "False")
            last = f"{condition.get('reason')}: {condition.get('message')}"
            return last if bad and all(word in last for word in words) else None

        def shown():
            screen = self.cluster.chatctl("status").stdout
            return all(word in screen for word in words)
        try:
            text = await self.run_blocking(eventually, f"{kind} says {words}", said, seconds)
        except AssertionError as error:
            with contextlib.suppress(OSError):
                print("messages-0 says", self.cluster.admin("messages-0", "/status"))
            raise AssertionError(f"{error}; it says {last}\n{self.log('operator')[-3000:]}") from None
        await self.run_blocking(eventually, f"chatctl status says {words}", shown, seconds)
        print(f"{kind}: {text}")
        return text

    async def says_no_more(self, *words, kind="Degraded", seconds=90):
        def over():
            return not all(word in str(self.cluster.condition(kind)) for word in words)
        await self.run_blocking(eventually, f"{kind} says no more {words}", over, seconds)

    async def serves(self, seconds=60):
        await self.run_blocking(self.cluster.wait_available, seconds)

    def log(self, name):
        file = self.cluster.dir / ("operator.log" if name == "operator" else f"clusters/demo/logs/{name}.log")
        return file.read_text(errors="replace")

    def log_bytes(self):
        logs = [*self.cluster.dir.glob("clusters/demo/logs/*.log"), self.cluster.dir / "operator.log"]
        return sum(log.stat().st_size for log in logs)
