"""kill -9 of each kind of process in turn, under load: it comes back, the others keep their PIDs, nothing is lost."""
import asyncio
import time
import unittest

from cluster import Cluster, eventually
from load import Load

KINDS = ["gateway-0", "api-0", "messages-0", "worker-0", "redis", "shard-0", "operator"]


class KillTable(unittest.IsolatedAsyncioTestCase):
    async def test_each_kind_comes_back_while_chat_goes_on(self):
        with Cluster() as cluster:
            table = []
            loop = asyncio.get_running_loop()
            async with Load(cluster.api) as load:
                await load.every_writer_acknowledged_again()
                for name in KINDS:
                    before = cluster.pids()
                    started = time.monotonic()
                    killed = cluster.kill(name)
                    if name == "operator":
                        await load.every_writer_acknowledged_again()
                        await loop.run_in_executor(None, cluster.start_operator)
                    else:
                        await loop.run_in_executor(None, eventually, f"{name} runs again", lambda: (
                            cluster.pids().get(name, killed) != killed))
                        await loop.run_in_executor(None, eventually, f"{name} serves", lambda: self.serves(cluster, name))
                    back = time.monotonic() - started
                    await load.every_writer_acknowledged_again()
                    all_again = time.monotonic() - started
                    after = cluster.pids()
                    kept = {k: v for k, v in before.items() if k != name} == {k: v for k, v in after.items() if k != name}
                    table.append((name, back, all_again, kept))
                    self.assertTrue(kept, f"others were restarted with {name}: {before} {after}")
            total = await load.judge()
        print(f"\nkilled      serving again   every writer acked   others kept their PIDs   ({total} messages judged)")
        for name, back, again, kept in table:
            print(f"{name:11} {back:10.2f} s {again:18.2f} s     {'yes' if kept else 'NO'}")

    @staticmethod
    def serves(cluster, name):
        if name.startswith(("gateway", "api", "messages", "worker")):
            cluster.admin(name, "/readyz")  # raises until it answers 200
            return True
        status = cluster.status()
        if name.startswith("shard"):
            return all(s["state"] == "Serving" for s in status["shards"])
        return cluster.condition("Available")["status"] == "True"


if __name__ == "__main__":
    unittest.main()
