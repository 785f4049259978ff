"""kill -9 of each kind of process under load: it comes back, the others keep their PIDs, and the judge finds nothing."""
import unittest

from scenario import Scenario, in_thread


class Kills(Scenario):
    async def killed(self, *names):
        async def during(load):
            for name in names:
                before = self.cluster.pids()
                pid = self.cluster.kill(name)
                if name == "operator":
                    await load.every_writer_acknowledged_again()  # nobody notices
                    await in_thread(self.cluster.start_operator)
                else:
                    await self.serves_again(name, pid)
                await load.every_writer_acknowledged_again()
                self.assertEqual({k: v for k, v in before.items() if k != name},
                                 {k: v for k, v in self.cluster.pids().items() if k != name}, f"restarted with {name}")
        await self.judged(f"kill -9 {', '.join(names)}", during=during)

    async def test_gateway(self):
        await self.killed("gateway-0")

    async def test_chat_messages(self):
        await self.killed("messages-0")

    async def test_redis(self):
        await self.killed("redis")

    async def test_postgres_of_a_shard(self):
        await self.killed("shard-0")

    async def test_operator(self):
        await self.killed("operator")

    async def test_chat_api_and_worker(self):
        await self.killed("api-0", "worker-0")


if __name__ == "__main__":
    unittest.main()
