#!/usr/bin/env python3
"""No operator at all, and a shard's Postgres Pod is deleted: chat recovers by itself. Then the operator comes back."""
import unittest

from judged import Scenario, in_thread, operator


class WithoutOperator(Scenario):
    async def test_chat_recovers(self):
        async def during(load):
            await in_thread(operator.scale_operator, 0)
            try:
                others = await self.lives_of_others("shard")
                before = await in_thread(self.cluster.lives, "shard")
                victim = await self.shard_in_use(load)
                await in_thread(lambda: self.cluster.kubectl("delete", "pod", victim, "--wait=false"))
                await self.eventually("it serves again", lambda: self.cluster.ready("shard") == set(before)
                                      and self.cluster.lives("shard")[victim] != before[victim])
                await load.every_writer_acknowledged_again()
                self.assertEqual(await self.lives_of_others("shard"), others)
            finally:
                await in_thread(operator.scale_operator, 2)
            await in_thread(self.cluster.wait_settled)
            await load.every_writer_acknowledged_again()
            self.assertEqual(await self.lives_of_others("shard"), others, "its return restarts nothing")
        await self.judged("no operator, a shard's pod gone", during=during)


if __name__ == "__main__":
    unittest.main()
