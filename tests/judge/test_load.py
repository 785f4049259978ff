"""Load that nobody is killed under: steady, with every send repeated, with Redis standing still, with a bucket that moves."""
import unittest

from faults import Fault, inject
from move import move
from scenario import Scenario, in_thread
from shards import Shards
from workload import Options


class Load(Scenario):
    async def test_steady_with_a_large_group(self):
        await self.judged("steady load", Options(guests=28))

    async def test_every_send_is_repeated(self):
        await self.judged("every send repeated", Options(repeats=1.0, together=0.5, pause=0.15))

    async def test_redis_stands_still(self):
        async def during(load):
            await in_thread(inject, self.cluster, Fault("stop", "redis", 5.0))
            await load.every_writer_acknowledged_again()
        await self.judged("SIGSTOP redis for 5 s", during=during)

    async def test_buckets_move(self):
        async def during(load):
            shards = Shards(self.cluster)
            for talk in (load.talks[0], load.talks[2], load.talks[0]):  # there, and back again
                print(talk.label, await in_thread(move, shards, talk.id))
                await load.every_writer_acknowledged_again()
        await self.judged("buckets move between shards", during=during)


if __name__ == "__main__":
    unittest.main()
