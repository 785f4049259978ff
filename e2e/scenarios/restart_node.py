#!/usr/bin/env python3
"""kubelet and containerd are killed under load, which nobody notices; then the whole node, which comes back by itself."""
import os
import pathlib
import signal
import subprocess
import unittest

from judged import ROOT, Scenario, in_thread
import sweep
from daemons import Daemons
from outside import CLIENT_END
from workload import Options

RUNTIME = pathlib.Path("/run/chatcluster-e2e")
FOLDER = pathlib.Path(os.environ.get("CHATCLUSTER_E2E_DIR", "/var/lib/chatcluster-e2e"))


class RestartNode(Scenario):
    def setUp(self):
        if not os.environ.get("CHATCLUSTER_E2E_OUTSIDE"):
            self.skipTest("an existing cluster: its nodes are its own affair")

    def kill_node(self):
        for name in ("kubelet", "containerd"):
            Daemons(FOLDER).stop(name, signal.SIGKILL)

    def kill_everything(self):
        """As when the power goes: no container ends in order."""
        self.kill_node()
        sweep.end_containers(RUNTIME)

    def on_machine(self, *command, check=True):
        """In the machine's own network and mounts, which are not those that this runs in."""
        subprocess.run(["nsenter", f"--target={os.environ['CHATCLUSTER_E2E_MACHINE']}", "--net", "--mount", *command],
                       check=check, timeout=300, stdout=subprocess.DEVNULL, stderr=None if check else subprocess.DEVNULL)

    def start_node(self):
        self.on_machine(ROOT / "e2e" / "cluster", "up")

    def forget_tries(self):
        """What people tried while no Pod was there. The kernel keeps the way of each try for two minutes, and all these people have
        one address: a new connection from a port that was tried would go where no Pod is any more."""
        self.on_machine("conntrack", "--delete", "--orig-src", CLIENT_END, check=False)

    async def test_people_chat_on(self):
        async def during(load):
            before = await in_thread(self.cluster.lives)
            await in_thread(self.kill_node)
            try:
                await load.every_writer_acknowledged_again()
            finally:
                await in_thread(self.start_node)
            await self.eventually("all Pods are Ready", lambda: self.cluster.ready() == set(before))
            await in_thread(self.cluster.wait_settled)
            await load.every_writer_acknowledged_again()
            self.assertEqual(await in_thread(self.cluster.lives), before)
        await self.judged("kubelet and containerd killed", during=during)

    async def test_the_whole_node_is_killed(self):
        async def during(load):
            before = await in_thread(self.cluster.lives)
            await in_thread(self.kill_everything)
            await in_thread(self.start_node)
            await self.eventually("all Pods began anew", lambda: self.cluster.ready() == set(before) and not (
                set(self.cluster.lives().values()) & set(before.values())), 300)
            await in_thread(self.forget_tries)
            await in_thread(self.cluster.wait_settled)
            await load.every_writer_acknowledged_again(120)
            uids = {name: uid for name, (uid, _) in before.items()}
            self.assertEqual({name: uid for name, (uid, _) in (await in_thread(self.cluster.lives)).items()}, uids)
        await self.judged("the node killed", Options(finish=120.0, catch_up=90.0), during=during)


if __name__ == "__main__":
    unittest.main()
