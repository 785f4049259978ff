"""Many people who connect at once, a reader that stops reading, a sender far beyond the limit: everyone else goes on,
and the gateway's memory stays bounded. How much slower the others get is a figure: tests/bench/disturbances."""
import asyncio
import json
import subprocess
import time
import unittest

import websockets

from chat import Person, counter
from cluster import BIN, Cluster, eventually
from talking import Talking

LOAD = BIN.parent / "tests" / "chat_load"
CROWD = 2000
LIMIT = 50  # messages a minute, the contract's default
MEBIBYTE = 1 << 20


def resident_bytes(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


class Limited(Cluster):
    SAMPLE = Cluster.SAMPLE.replace("messagesPerMinutePerUser: 0", f"messagesPerMinutePerUser: {LIMIT}")


class Crowds(Talking):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Limited(gateways=2).__enter__()

    async def others_go_on(self, times=10):
        for _ in range(times):
            for shard in self.talks:
                await self.talk(shard, seconds=30)

    async def test_two_thousand_people_who_connect_at_once(self):
        where = self.cluster.websocket.split("/")[2].split(":")
        crowd = await asyncio.create_subprocess_exec(
            LOAD, "idle", f"--people={CROWD}", f"--at-once={CROWD}", f"--port={where[1]}",
            f"--cluster={self.cluster.dir / 'clusters' / 'demo'}", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        told = json.loads(await asyncio.wait_for(crowd.stdout.readline(), 120))
        self.assertEqual(told, {"mark": "prepared"})
        crowd.stdin.write(b"go on\n")
        await self.others_go_on()
        while told.get("mark") != "signed_on":  # everyone was told `ready`; the tool ends with a sentence otherwise
            line = await asyncio.wait_for(crowd.stdout.readline(), 120)
            self.assertTrue(line, "the crowd gave up")
            told = json.loads(line)
        await self.others_go_on(times=3)
        crowd.stdin.write(b"go on\n")
        result = json.loads(await asyncio.wait_for(crowd.stdout.readline(), 60))["result"]
        self.assertEqual(await crowd.wait(), 0)
        print(f"{CROWD} people who connected at once: {result}")
        self.assertEqual(result["people"], CROWD)
        await self.judge()

    async def test_a_reader_that_stops_reading(self):
        cat = await Person.make(self.cluster.api)
        dan = await Person.make(self.cluster.api)
        talk = await cat.talk_to(dan)
        async with websockets.connect(self.cluster.websocket, extra_headers={"Authorization": f"Bearer {dan.token}"},
                                      subprotocols=["chat.v1.json"], ping_interval=None, max_size=None, max_queue=1,
                                      read_limit=4096, close_timeout=30) as stuck:
            ready = json.loads(await stuck.recv())
            gateway = ready["gateway"]
            pid = self.cluster.pids()[gateway]
            before = resident_bytes(pid)
            slow = self.cluster.metric(gateway, "chat_gateway_slow_readers_total") or 0
            sender, sent, peak = await cat.socket(), 0, before
            while (self.cluster.metric(gateway, "chat_gateway_slow_readers_total") or 0) == slow:
                await sender.say(talk, "x" * 90_000, seconds=30)
                sent += 1
                peak = max(peak, resident_bytes(pid))
                self.assertLess(sent, LIMIT * 2, "it is never found to be slow")
            with self.assertRaises(websockets.ConnectionClosed) as closed:
                while True:
                    await stuck.recv()
            self.assertEqual(closed.exception.code, 1008)
        print(f"closed after {sent} messages of 90 KB; the gateway had {(peak - before) / MEBIBYTE:.1f} MiB more at most")
        self.assertLess(peak - before, 64 * MEBIBYTE)
        await self.others_go_on(times=3)
        again = await dan.socket()  # it comes back and misses nothing
        await again.send("sync", id="s", conversations={talk: 0})
        await again.expect("sync.done", id="s")
        self.assertEqual([m["seq"] for m in again.messages(talk)], list(range(1, sent + 1)))
        await again.close()
        await sender.close()
        await self.judge()

    async def test_a_sender_a_thousand_times_beyond_the_limit(self):
        eve = await Person.make(self.cluster.api)
        talk = await eve.talk_to(self.bob)
        frames = LIMIT * 1000 // 60 * 4  # what a thousand times the limit is in four seconds
        answers, closes = {"ack": 0, "rate_limited": 0}, []

        async def flood():
            left = frames
            while left > 0:
                try:
                    socket = await eve.socket()
                    for _ in range(min(left, 500)):
                        left -= 1
                        key = f"flood{next(counter)}"
                        await socket.send("msg.send", id=key, conversation_id=talk, content="flood", client_msg_id=key)
                    await socket.send("ping", id="last")
                    await socket.expect("pong", 30, id="last")
                except (ConnectionError, websockets.ConnectionClosed):
                    pass
                for frame in socket.frames:
                    if frame["type"] == "ack":
                        answers["ack"] += 1
                    elif frame["type"] == "error":
                        answers[frame["code"]] = answers.get(frame["code"], 0) + 1
                        self.assertGreater(frame["retry_after_ms"], 0)
                if socket.closed:
                    closes.append(socket.closed)
                await socket.close()
        began = time.monotonic()
        flooding = asyncio.create_task(flood())
        await self.others_go_on(times=10)
        await flooding
        print(f"{frames} frames: {answers}, closed {len(closes)} times")
        self.assertGreater(answers["rate_limited"], 0)
        self.assertLess(answers["ack"], 100 + LIMIT * (time.monotonic() - began) / 60 + 2)  # the burst, and what came since
        self.assertEqual(set(closes), {1008})
        await self.others_go_on(times=2)
        await self.judge()


if __name__ == "__main__":
    unittest.main()
