#!/usr/bin/env python3
"""The operator is rolled while people chat: another one leads then, and no Pod of the data plane restarts."""
import unittest

from judged import Scenario, in_thread, operator
from chat_on_kubernetes import SYSTEM, kubectl


class UpgradeOperator(Scenario):
    def roll(self):
        before = set(operator.operators())
        kubectl("-n", SYSTEM, "rollout", "restart", "deployment/chat-operator")
        operator.operator_serves()
        self.assertFalse(before & set(operator.operators()))

    async def test_no_pod_of_the_data_plane_restarts(self):
        async def during(load):
            before = await in_thread(self.cluster.lives)
            await in_thread(self.roll)
            await self.eventually("a new one leads", lambda: operator.leader() in operator.operators())
            await load.every_writer_acknowledged_again()
            await in_thread(self.cluster.wait_settled)
            self.assertEqual(await in_thread(self.cluster.lives), before)
        await self.judged("operator upgrade", during=during)


if __name__ == "__main__":
    unittest.main()
