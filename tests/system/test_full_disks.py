"""Disks that fill up: sends wait and are not lost, people are told what to do, logs stay small, and all comes back."""
import asyncio
import os
import unittest

from cluster import Cluster, eventually
from surroundings import NEEDS_ROOT, fill, small_disk
from talking import Talking, psql

LARGE = 50_000


@NEEDS_ROOT
class FullDisks(Talking):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(gateways=1)
        below = cls.cluster.dir / "clusters" / "demo"
        cls.data, cls.logs = below / "postgres", below / "logs"
        for disk, size in ((cls.data, "400m"), (cls.logs, "64m")):
            cls.enterClassContext(small_disk(disk, size)) if hasattr(cls, "enterClassContext") else cls.enter(
                small_disk(disk, size))
        try:
            cls.cluster.__enter__()
        except BaseException:
            cls.doClassCleanups()
            raise

    @classmethod
    def enter(cls, context):
        context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)

    async def test_the_disk_of_the_shards(self):
        await self.talk("shard-0")
        filler = await self.run_blocking(fill, self.data)
        with self.subTest("what does not fit is not acknowledged, and the client hears when to try again"):
            refused, key = None, 0
            while refused is None:
                key += 1
                answer = await self.try_to_talk("shard-0", os.urandom(LARGE // 2).hex(), f"large{key}")
                refused = answer if answer["type"] == "error" else None
                self.assertLess(key, 2000, "the disk does not fill")
            self.assertEqual(refused["code"], "unavailable")
            self.assertGreater(refused["retry_after_ms"], 0)
        with self.subTest("people are told which disk, what it does and what to do"):
            text = await self.says("DiskFull", str(self.data), "shard-0", "make room")
            self.assertIn("not acknowledged", text)
        with self.subTest("the daemon says so once, and its log stays small while people try again and again"):
            before = self.log("messages-0")
            self.assertIn("No space left on device", before)
            answers = await asyncio.gather(*(
                self.try_to_talk("shard-0", os.urandom(LARGE // 2).hex(), f"again{i}") for i in range(40)))
            self.assertIn("error", {a["type"] for a in answers})
            added = self.log("messages-0")[len(before):]
            self.assertLess(added.count("\n"), 60, added[:2000])
            self.assertNotIn("draft_rejected", added)
        with self.subTest("a server that even breaks on it is started again ever more seldom, and says why"):
            # A new segment of the log does not fit: PostgreSQL gives up.
            await self.run_blocking(psql, self.cluster, "shard-1", "select pg_switch_wal(); select pg_switch_wal()",
                                    check=False)
            await self.run_blocking(eventually, "PostgreSQL says why", lambda: (
                "No space left on device" in self.log("shard-1")), 60)
        with self.subTest("with room everything comes back by itself, and a retry is one message"):
            filler.unlink()
            for shard in self.talks:
                await self.talk_until_acknowledged(shard, "there is room", f"last-{shard}")
            await self.says_no_more("DiskFull")
            await self.serves()
            await self.talk_until_acknowledged("shard-0", "another text", f"large{key}")
            await self.judge()
        self.assertLess(self.log_bytes(), 4 << 20)

    async def test_the_disk_of_the_logs(self):
        filler = await self.run_blocking(fill, self.logs)
        text = await self.says("DiskFull", str(self.logs), "logs")
        self.assertIn("lost or waits", text)
        for shard in self.talks:
            await self.talk(shard)
        self.cluster.kill("messages-0")  # a daemon that starts meanwhile does not need its log
        await self.talk_until_acknowledged("shard-0", "without a log", "without-a-log")
        filler.unlink()
        await self.says_no_more("DiskFull")
        await self.judge()


if __name__ == "__main__":
    unittest.main()
