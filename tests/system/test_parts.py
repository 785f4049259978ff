"""Each daemon does its part: what stops, and what goes on, when one kind is not there."""
import asyncio
import unittest

from chat import Person, check_history, history
from cluster import Cluster, eventually


class Parts(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.cluster = Cluster().__enter__()
        api = self.cluster.api
        self.ann, self.bob = await Person.make(api), await Person.make(api)
        self.conversation = await self.ann.talk_to(self.bob)
        self.a, self.b = await self.ann.socket(), await self.bob.socket()
        # Nobody brings back what the test takes away.
        self.cluster.kill("operator")

    async def asyncTearDown(self):
        await self.a.close()
        await self.b.close()
        self.cluster.__exit__(None, None, None)

    async def test_one_part_after_the_other_is_taken_away(self):
        with self.subTest("without chat-worker messages flow and the outbox grows"):
            self.cluster.kill("worker-0")
            acks = [await self.a.say(self.conversation, f"no worker {i}") for i in range(10)]
            await self.b.expect("message", seq=10)
            await asyncio.get_running_loop().run_in_executor(None, eventually, "the outbox lag grows", lambda: (
                self.cluster.metric("messages-0", "chat_outbox_rows") >= 10))

        with self.subTest("without chat-api sockets stay and talk"):
            self.cluster.kill("api-0")
            acks.append(await self.a.say(self.conversation, "no api"))
            await self.b.expect("message", content="no api")

        with self.subTest("without Redis sends commit and are delivered"):
            self.cluster.kill("redis")
            acks.append(await self.a.say(self.conversation, "no redis"))
            await self.b.expect("message", content="no redis", seconds=30)

        with self.subTest("without chat-messages nothing is acknowledged, and sockets stay"):
            self.cluster.kill("messages-0")
            await self.a.send("msg.send", id="lost", conversation_id=self.conversation, content="no messages",
                              client_msg_id="lost")
            answer = await self.a.find(lambda f: f.get("id") == "lost", seconds=30)
            self.assertEqual((answer["type"], answer["code"]), ("error", "unavailable"))
            self.assertGreater(answer["retry_after_ms"], 0)
            await self.b.send("ping", id="p")
            await self.b.expect("pong", id="p")

        with self.subTest("all is well once the operator is back, and the retry is one message"):
            await asyncio.get_running_loop().run_in_executor(None, self.cluster.start_operator)
            for _ in range(100):
                await self.a.send("msg.send", id="retry", conversation_id=self.conversation, content="no messages",
                                  client_msg_id="lost")
                answer = await self.a.find(lambda f: f.get("id") == "retry", seconds=30)
                if answer["type"] == "ack":
                    break
                self.a.frames.remove(answer)
            acks.append(answer)
            items = await history(self.ann, self.conversation)
            check_history(items, acks)
            self.assertEqual(len(items), 13)


if __name__ == "__main__":
    unittest.main()
