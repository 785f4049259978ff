"""The clock is stepped by an hour, forward and back, under people who talk: ids and seq keep their order, connections
stay, the operator ends nobody and still mends what breaks."""
import asyncio
import unittest

from chat import Person
from cluster import Cluster, eventually
from surroundings import Surroundings
from talking import Talking

HOUR_MS = 3_600_000


class ClockSteps(Talking):
    @classmethod
    def setUpClass(cls):
        cls.around = Surroundings()
        cls.MAKE = {"gateways": 2, "environment": cls.around.environment}
        super().setUpClass()

    async def step(self, by_ms, direction):
        """Everything on the machine, as it is with a machine's clock; then whatever may depend on it."""
        pids = self.cluster.pids()
        for shard in self.talks:
            await self.talk(shard)
        cookie_of = self.ann.cookie
        self.around.set(clock_ms=self.around.get("clock_ms") + by_ms,
                        postgres_clock_ms=self.around.get("postgres_clock_ms") + by_ms)
        with self.subTest(f"{direction}: open connections go on, with ids in order"):
            for shard in self.talks:
                for _ in range(3):
                    await self.talk(shard)
            for socket in (self.a, self.b):
                self.assertIsNone(socket.closed)
        with self.subTest(f"{direction}: people are told"):
            await self.says(f"was set 3600 s {direction}", "refresh")
            self.assertIn('"event":"clock_stepped"', self.log("operator"))
        with self.subTest(f"{direction}: tokens from before are refused, and refreshed they are good"):
            old = await self.ann.call("GET", "/v1/users/me")
            self.assertEqual(old.status, 401, old.text)
            fresh = await self.ann.call("POST", "/v1/auth/refresh", headers={"Cookie": cookie_of})
            self.assertEqual(fresh.status, 200, fresh.text)
            self.ann.token = fresh.json["access_token"]
            self.ann.cookie = fresh.headers["set-cookie"].split(";")[0]
            socket = await self.ann.socket()
            await socket.close()
            self.bob = await Person.sign_in(self.cluster.api, self.bob.name)
        with self.subTest(f"{direction}: ids and seq kept their order"):
            await self.judge()
        with self.subTest(f"{direction}: nobody was ended for it, and what breaks is mended"):
            self.assertEqual(self.cluster.pids(), pids)
            killed = self.cluster.kill("worker-0")
            await self.run_blocking(eventually, "worker-0 is back", lambda: (
                self.cluster.pids().get("worker-0", killed) != killed), 30)
            await self.serves()

    async def test_forward_and_back(self):
        await self.step(HOUR_MS, "forward")
        await self.step(-HOUR_MS, "back")
        await self.step(-HOUR_MS, "back")

    async def test_back_while_something_is_down(self):
        """What ended before the step is due by the steady clock, not in an hour."""
        self.around.set(clock_ms=self.around.get("clock_ms") + HOUR_MS)
        for _ in range(3):  # the third start in a row waits
            killed = self.cluster.kill("worker-0")
            await self.run_blocking(eventually, "worker-0 is back", lambda: (
                self.cluster.pids().get("worker-0", killed) != killed), 30)
        killed = self.cluster.kill("worker-0")
        self.around.set(clock_ms=self.around.get("clock_ms") - 2 * HOUR_MS)
        await self.run_blocking(eventually, "worker-0 is back", lambda: (
            self.cluster.pids().get("worker-0", killed) != killed), 30)
        self.around.set(clock_ms=self.around.get("clock_ms") + HOUR_MS)
        await self.says("was set 3600 s forward")  # two steps between two looks would be one of two hours
        await self.serves()

    async def test_only_the_database_is_off(self):
        self.around.set(postgres_clock_ms=self.around.get("postgres_clock_ms") - HOUR_MS)
        try:
            await self.says("PostgreSQL's are more than 1 s apart", "NTP")
            for shard in self.talks:
                await self.talk(shard)
            await self.judge()
        finally:
            self.around.set(postgres_clock_ms=self.around.get("clock_ms"))
        await self.says_no_more("PostgreSQL's are more than 1 s apart")


class Drain(unittest.IsolatedAsyncioTestCase):
    async def test_a_step_forward_ends_no_drain_early(self):
        """I11: whoever was promised time by a drain keeps it."""
        around = Surroundings()
        loop = asyncio.get_running_loop()
        with Cluster(gateways=2, shards=1, environment=around.environment) as cluster:
            ann = await Person.make(cluster.api)
            sockets = [await ann.socket() for _ in range(4)]
            leaving = cluster.pids()["gateway-1"]
            await loop.run_in_executor(None, lambda: cluster.chatctl("apply", "-f", cluster.write(gateways=1)))
            notices = [asyncio.create_task(s.expect("server_maintenance", 30)) for s in sockets]
            done, _ = await asyncio.wait(notices, return_when=asyncio.FIRST_COMPLETED, timeout=30)
            self.assertTrue(done)
            around.set(clock_ms=HOUR_MS, postgres_clock_ms=HOUR_MS)
            told = sockets[notices.index(next(iter(done)))]

            def seen():
                return "clock_stepped" in (cluster.dir / "operator.log").read_text()
            await loop.run_in_executor(None, eventually, "the operator has seen the step", seen, 30)
            await told.send("ping", id="after")
            await told.expect("pong", id="after")
            self.assertEqual(cluster.pids()["gateway-1"], leaving)
            self.assertNotIn("process_signalled", (cluster.dir / "operator.log").read_text())
            for task in notices:
                task.cancel()
            for socket in sockets:
                await socket.close()


if __name__ == "__main__":
    unittest.main()
