"""Publishes are lost on purpose, the last one of a conversation included: gateways fill the gaps from the store (I4)."""
import unittest

from chat import Person, check_device, history
from cluster import Cluster
from redis_connection import RedisConnection


class LostPublishes(unittest.IsolatedAsyncioTestCase):
    async def test_gaps_and_a_lost_last_message_are_filled(self):
        with Cluster() as cluster:
            ann, bob = await Person.make(cluster.api), await Person.make(cluster.api)
            conversation = await ann.talk_to(bob)
            a, b = await ann.socket(), await bob.socket()
            killed = 0
            redis = await RedisConnection.open(cluster)
            for i in range(60):
                if i % 6 == 5:  # the publish that follows finds no subscriber; the last send (59) is one of these
                    killed += int((await redis.command("CLIENT", "KILL", "TYPE", "pubsub"))[1:])
                await a.say(conversation, f"line {i}")
            redis.close()
            self.assertGreater(killed, 0)
            for device in (a, b):
                await device.expect("message", seq=60, seconds=45)
                check_device(device.messages(conversation), await history(ann, conversation))
                self.assertEqual(len(device.messages(conversation)), 60)
            fills = sum(cluster.metric(f"gateway-{n}", "chat_gateway_gap_fills_total") or 0 for n in (0, 1))
            print(f"{killed} subscriptions were cut, {fills:.0f} gaps filled from the store")
            self.assertGreater(fills, 0)
            await a.close()
            await b.close()


if __name__ == "__main__":
    unittest.main()
