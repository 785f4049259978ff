#!/usr/bin/env python3
"""spec.image changes while people chat: every daemon moves to it, of the gateways one at a time."""
import threading
import unittest

from judged import Scenario, in_thread, operator


class Watch(threading.Thread):
    """The fewest gateways that were Ready at any look."""

    def __init__(self, cluster):
        super().__init__(daemon=True)
        self.cluster, self.fewest, self.ended = cluster, None, threading.Event()

    def run(self):
        while not self.ended.wait(0.3):
            ready = len(self.cluster.ready("gateway"))
            self.fewest = ready if self.fewest is None else min(self.fewest, ready)


class UpgradeImage(Scenario):
    def images(self):
        return {container["image"] for pod in self.cluster.pods().values() if "deletionTimestamp" not in pod["metadata"]
                for container in pod["spec"]["containers"]}

    async def test_one_gateway_at_a_time(self):
        if not operator.NEXT_IMAGE:
            self.skipTest("there is no second image: $CHATCLUSTER_E2E_NEXT_IMAGE")

        async def during(load):
            self.assertNotIn(operator.NEXT_IMAGE, await in_thread(self.images))
            watch = Watch(self.cluster)
            watch.start()
            await in_thread(self.cluster.patch, {"image": operator.NEXT_IMAGE})
            await self.eventually("all Pods have it", lambda: self.images() == {operator.NEXT_IMAGE}, 600)
            await in_thread(self.cluster.wait_settled)
            watch.ended.set()
            await load.every_writer_acknowledged_again()
            self.assertGreaterEqual(watch.fewest, 1, "a time without any gateway")
        await self.judged("image upgrade", during=during)


if __name__ == "__main__":
    unittest.main()
