#!/usr/bin/env python3
"""kubelet and containerd are killed under load: people chat on, and when both are back nothing was restarted."""
import os
import pathlib
import signal
import subprocess
import unittest

from judged import ROOT, Scenario, in_thread

FOLDER = pathlib.Path(os.environ.get("CHATCLUSTER_E2E_DIR", "/var/lib/chatcluster-e2e"))


class RestartNode(Scenario):
    def setUp(self):
        if not os.environ.get("CHATCLUSTER_E2E_OUTSIDE"):
            self.skipTest("an existing cluster: its nodes are its own affair")

    def kill_node(self):
        from daemons import Daemons
        for name in ("kubelet", "containerd"):
            Daemons(FOLDER).stop(name, signal.SIGKILL)

    def start_node(self):
        """From the machine's own network, which is not the one that this runs in."""
        subprocess.run(["nsenter", "--net=/proc/1/ns/net", ROOT / "e2e" / "cluster", "up"], check=True, timeout=300,
                       stdout=subprocess.DEVNULL)

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


if __name__ == "__main__":
    unittest.main()
