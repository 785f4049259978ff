#!/usr/bin/env python3
"""Gateways 2 → 3 → 2 by apply, under load: the new one serves, the leaving one is drained, nothing else restarts."""
import unittest

from judged import Scenario, in_thread


class Change(Scenario):
    async def gateways(self, count):
        await in_thread(self.cluster.patch, {"gateways": {"replicas": {"min": count}}})
        wanted = {f"demo-gateway-{i}" for i in range(count)}
        await self.eventually(f"{count} gateways serve", lambda: self.cluster.ready("gateway") == wanted)
        await in_thread(self.cluster.wait_settled)
        self.assertEqual((await in_thread(self.cluster.status))["gateways"]["ready"], count)

    async def test_gateways_2_3_2(self):
        async def during(load):
            before = await in_thread(self.cluster.lives)
            await self.gateways(3)
            await load.every_writer_acknowledged_again()
            after = await in_thread(self.cluster.lives)
            self.assertEqual({name: after.get(name) for name in before}, before)
            await self.gateways(2)
            await load.every_writer_acknowledged_again()
            self.assertEqual(await in_thread(self.cluster.lives), before)
        await self.judged("gateways 2, 3, 2", during=during)


if __name__ == "__main__":
    unittest.main()
