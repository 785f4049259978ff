"""What the scenarios share: a cluster, a load that is judged at its end, a table of what was seen."""
import asyncio
import unittest

import system_path  # noqa: F401
from cluster import Cluster, eventually
from device import now
from shards import Shards
from silence import longest_wait
from verdict import judge, report
from workload import Workload

LOAD_SECONDS = 8  # before and after what happens


async def in_thread(function, *arguments):
    return await asyncio.get_running_loop().run_in_executor(None, function, *arguments)


class Scenario(unittest.IsolatedAsyncioTestCase):
    SHARDS = Shards  # how the shards' own tables are read

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster().__enter__()
        cls.table = []

    @classmethod
    def tearDownClass(cls):
        cls.cluster.__exit__(None, None, None)
        cls.print_table()

    @classmethod
    def print_table(cls):
        print(f"\n{'scenario':28} {'stored':>6} {'acks':>6} {'shown':>6} {'longest wait':>13}")
        for row in cls.table:
            print("{:28} {:6} {:6} {:6} {:11.2f} s".format(*row))

    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)  # it slows the load down

    async def judged(self, name, options=None, during=None):
        """Load, what happens (`during`), load; then nothing may be found. Answers how often people were answered."""
        async with Workload(self.cluster.api, name, options) as load:
            await load.every_writer_acknowledged_again()
            await asyncio.sleep(LOAD_SECONDS)
            begun = now()
            if during:
                await during(load)
            await asyncio.sleep(LOAD_SECONDS)
            ended = now()
            history = await load.finish()
        self.SHARDS(self.cluster).read_into(history)
        findings = judge(history)
        self.table.append((name, sum(map(len, history.stored.values())), len(history.acks()),
                           sum(e.kind == "message" for c in history.connections for e in c.events),
                           longest_wait(history, begun, ended)))
        if findings:
            self.fail(f"{name}\n{report(findings)}")

    async def serves_again(self, name, killed):
        await in_thread(eventually, f"{name} runs again", lambda: self.cluster.pids().get(name, killed) != killed)
        await in_thread(eventually, f"{name} serves", lambda: self.serves(name))

    def serves(self, name):
        if name.startswith(("gateway", "api", "messages", "worker")):
            self.cluster.admin(name, "/readyz")  # raises until it answers 200
            return True
        return self.cluster.condition("Available")["status"] == "True"
