"""The operator: changes converge and restart nothing else, a dead operator is not noticed, a second one is refused."""
import asyncio
import pathlib
import shutil
import subprocess
import sys
import unittest

from chat import Person
from cluster import BIN, Cluster, alive, eventually

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "judge"))
from verdict import nothing_found  # noqa: E402
from workload import Workload  # noqa: E402


class Operator(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster().__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.__exit__(None, None, None)

    async def in_thread(self, function, *arguments):
        return await asyncio.get_running_loop().run_in_executor(None, function, *arguments)

    def apply(self, **changes):
        self.cluster.chatctl("apply", "-f", self.cluster.write(**changes))
        self.cluster.wait_available()

    async def test_gateways_and_apis_grow_and_shrink_and_nothing_else_restarts(self):
        before = self.cluster.pids()
        async with Workload(self.cluster.api, self.id()) as load:
            await load.every_writer_acknowledged_again()
            await self.in_thread(lambda: self.apply(gateways=4))
            grown = self.cluster.pids()
            self.assertEqual({k: grown.get(k) for k in before}, before)
            self.assertEqual(set(grown) - set(before), {"gateway-2", "gateway-3"})
            await self.in_thread(lambda: self.apply(gateways=2))
            await self.in_thread(eventually, "two gateways", lambda: self.cluster.pids() == before)
            await self.in_thread(lambda: self.apply(api=2))
            self.assertEqual(set(self.cluster.pids()) - set(before), {"api-1"})
            self.assertEqual({k: self.cluster.pids().get(k) for k in before}, before)
            await self.in_thread(lambda: self.apply(api=1))
            await self.in_thread(eventually, "one API", lambda: self.cluster.pids() == before)
            await load.every_writer_acknowledged_again()
            nothing_found(await load.finish())

    async def test_the_number_of_shards_cannot_be_changed_by_hand(self):
        refused = self.cluster.chatctl("apply", "-f", self.cluster.write(shards=3), check=False)
        self.cluster.write(shards=2)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("spec.shards.initial", refused.stderr + refused.stdout)
        self.assertEqual(len(self.cluster.status()["shards"]), 2)

    async def test_chat_goes_on_without_the_operator_and_the_next_one_adopts_what_runs(self):
        before = self.cluster.pids()
        async with Workload(self.cluster.api, self.id()) as load:
            self.cluster.kill("operator")
            await load.every_writer_acknowledged_again()
            self.cluster.kill("gateway-1")  # half done: the next operator must finish this
            await self.in_thread(self.cluster.start_operator)
            await self.in_thread(eventually, "gateway-1 is back", lambda: "gateway-1" in self.cluster.pids())
            await load.every_writer_acknowledged_again()
            nothing_found(await load.finish())
        after = self.cluster.pids()
        self.assertEqual({k: v for k, v in after.items() if k != "gateway-1"},
                         {k: v for k, v in before.items() if k != "gateway-1"})

    async def test_a_second_operator_on_one_directory_refuses(self):
        second = subprocess.run([BIN / "chat-operator", "--local", self.cluster.dir], capture_output=True, text=True,
                                timeout=20)
        self.assertNotEqual(second.returncode, 0)
        self.assertIn(str(self.cluster.operator_pid()), second.stderr + second.stdout)

    async def test_what_status_says_is_true(self):
        status = self.cluster.status()
        self.assertEqual({m["name"] for m in status["gateways"]["members"]}, {"gateway-0", "gateway-1"})
        self.assertEqual(sorted(s["buckets"] for s in status["shards"]), ["0-2047", "2048-4095"])
        self.assertEqual(self.cluster.condition("Durable")["status"], "False")
        person = await Person.make(self.cluster.api)
        sockets = [await person.socket() for _ in range(4)]
        await self.in_thread(eventually, "status counts the connections", lambda: (
            self.cluster.status()["gateways"]["connections"] >= 4), 40)
        for socket in sockets:
            await socket.close()

    def test_an_old_migration_that_changed_is_refused(self):
        # A copy of the operator with migrations of its own beside it, so that the build is not touched: it finds
        # share/ from where it really is.
        prefix = self.cluster.home / "prefix"
        (prefix / "share" / "migrations").mkdir(parents=True)
        shutil.copytree(BIN, prefix / "bin")
        operator = prefix / "bin" / "chat-operator"
        share = BIN.parent / "share"
        (prefix / "share" / "web").symlink_to(share / "web")
        for file in (share / "migrations").glob("*.sql"):
            target = prefix / "share" / "migrations" / file.name
            target.write_text(file.read_text() + ("\n-- changed after it was applied\n" if "0001" in file.name else ""))
        self.cluster.kill("operator")

        def refused():
            condition = self.cluster.condition("Degraded")
            if "ownership" not in condition["message"]:
                raise ValueError(condition)  # what is shown where the condition never comes
            return condition["reason"] == "MigrationRefused"

        # Its log goes to a file: a pipe that nobody reads would stop it.
        with open(self.cluster.home / "changed.log", "wb") as log:
            changed = subprocess.Popen([operator, "--local", self.cluster.dir], stderr=log)
        try:
            eventually("a condition says which file changed", refused, 60)
        finally:
            changed.kill()
            changed.wait()
            self.cluster.start_operator()
        self.cluster.wait_available()


class Down(unittest.TestCase):
    def test_down_stops_everything_and_up_again_keeps_the_data(self):
        async def register(api):
            return (await Person.make(api)).name

        async def sign_in(api, name):
            return (await Person.sign_in(api, name)).user_id

        with Cluster(gateways=1, shards=1) as cluster:
            name = asyncio.run(register(cluster.api))
            pids = cluster.pids()
            operator = cluster.operator_pid()
            cluster.chatctl("down", timeout=90)
            self.assertFalse([p for p in [*pids.values(), operator] if alive(p)])
            cluster.start_operator()
            self.assertTrue(asyncio.run(sign_in(cluster.api, name)))
            cluster.chatctl("delete", "chatcluster", "demo")
            eventually("all processes are gone", lambda: not cluster.pids(), 60)


if __name__ == "__main__":
    unittest.main()
