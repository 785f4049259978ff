#!/usr/bin/env python3
"""kubectl delete pod of every kind under load: it comes back, the others live on, and the judge finds nothing."""
import unittest

from judged import Scenario, in_thread, operator
from chat_on_kubernetes import SYSTEM, kubectl


class DeletePods(Scenario):
    async def deleted(self, component, *flags):
        async def during(load):
            before, others = await in_thread(self.cluster.lives, component), await self.lives_of_others(component)
            victim = await self.shard_in_use(load) if component == "shard" else sorted(before)[0]
            await in_thread(lambda: self.cluster.kubectl("delete", "pod", victim, "--wait=false", *flags))

            def back():
                now = self.cluster.lives(component)
                return len(now) == len(before) and before[victim] not in now.values() and set(now) == self.cluster.ready(component)
            await self.eventually(f"another {victim} serves", back)
            await load.every_writer_acknowledged_again()
            await in_thread(self.cluster.wait_settled)
            self.assertEqual(await self.lives_of_others(component), others)
        await self.judged(f"delete pod: {component}", during=during)

    async def test_gateway(self):
        await self.deleted("gateway")

    async def test_chat_messages(self):
        await self.deleted("messages")

    async def test_chat_api(self):
        await self.deleted("api")

    async def test_worker(self):
        await self.deleted("worker")

    async def test_redis(self):
        await self.deleted("redis")

    async def test_postgres_of_a_shard(self):
        await self.deleted("shard")

    async def test_postgres_of_a_shard_without_a_chance_to_stop(self):
        await self.deleted("shard", "--grace-period=0", "--force")

    async def test_the_operator_that_acts(self):
        async def during(load):
            before, leader = await in_thread(self.cluster.lives), await in_thread(operator.leader)
            await in_thread(lambda: kubectl("-n", SYSTEM, "delete", "pod", leader))
            await self.eventually("another leads", lambda: operator.leader() in operator.operators(), 60)
            await in_thread(self.cluster.wait_settled)
            await load.every_writer_acknowledged_again()
            self.assertEqual(await in_thread(self.cluster.lives), before)
        await self.judged("delete pod: operator", during=during)


if __name__ == "__main__":
    unittest.main()
