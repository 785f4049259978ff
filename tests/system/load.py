"""Pairs of people who write all the time and remember what was acknowledged: the load behind the fault tests."""
import asyncio

import websockets

from chat import Person, check_history, counter, history


class Writer:
    """One person who writes numbered lines into one conversation, through whatever happens: reconnects, asks again with
    the same client_msg_id until it is acknowledged, and syncs after each reconnect, as a client must."""

    def __init__(self, person, conversation):
        self.person, self.conversation = person, conversation
        self.acks, self.sent, self.socket, self.stopping = [], 0, None, False
        self.seen = {}  # rev -> frame, of every connection there was
        self.order_broken = []

    async def connect(self):
        self.socket = await self.person.socket()
        last = max(self.seen, default=0)
        await self.socket.send("sync", id=f"sync{next(counter)}", conversations={self.conversation: last})
        await self.socket.find(lambda f: f["type"] == "sync.done")

    def collect(self):
        """Takes what this connection saw; revs must ascend without a gap, but that its one sync may repeat what came
        before it: it goes back to the rev that was asked for, once, and before its sync.done."""
        if self.socket is None:
            return
        frames = self.socket.messages(self.conversation)
        kinds = [f["type"] for f in self.socket.frames]
        synced = self.socket.frames[:kinds.index("sync.done")] if "sync.done" in kinds else self.socket.frames
        revs = [f["rev"] for f in frames]
        back = [i for i in range(1, len(revs)) if revs[i] != revs[i - 1] + 1]
        if len(back) > 1 or any(revs[i] > revs[i - 1] or frames[i] not in synced for i in back):
            self.order_broken.append(revs)
        for frame in frames:
            self.seen[frame["rev"]] = frame

    async def run(self, pause):
        while not self.stopping:
            key = f"w{next(counter)}"
            self.sent += 1
            while True:
                try:
                    if self.socket is None or self.socket.closed is not None:
                        self.collect()
                        self.socket = None
                        await self.connect()
                    self.acks.append(await self.socket.say(self.conversation, f"line {key}", client_msg_id=key, seconds=5))
                    break
                except (AssertionError, ConnectionError, OSError, asyncio.TimeoutError, ValueError,
                        websockets.WebSocketException):
                    await asyncio.sleep(0.05)  # a client's back-off, kept short so that the fault is what is measured
            await asyncio.sleep(pause)

    async def finish(self):
        """Everything that is stored must have reached this device: waits for the last rev, then compares."""
        items = await history(self.person, self.conversation)
        if self.socket is None or self.socket.closed is not None:
            self.collect()
            await self.connect()
        if items:
            await self.socket.find(
                lambda f: f["type"] in ("message", "sync.done") and (
                    f.get("rev", 0) >= items[-1]["rev"]
                    or f.get("conversations", {}).get(self.conversation, 0) >= items[-1]["rev"]), seconds=30)
        self.collect()
        await self.socket.close()
        assert not self.order_broken, f"revs of one connection are not gap-free: {self.order_broken[0]}"
        assert sorted(self.seen) == list(range(1, len(items) + 1)), "a device missed something"
        for item in items:
            assert self.seen[item["seq"]]["content"] == item["content"]
        return items


class Load:
    def __init__(self, api, pairs=3, pause=0.02):
        self.api, self.pairs, self.pause = api, pairs, pause
        self.writers, self.tasks = [], []

    async def __aenter__(self):
        for _ in range(self.pairs):
            left, right = await asyncio.gather(Person.make(self.api), Person.make(self.api))
            conversation = await left.talk_to(right)
            self.writers += [Writer(left, conversation), Writer(right, conversation)]
        await asyncio.gather(*(w.connect() for w in self.writers))
        self.tasks = [asyncio.create_task(w.run(self.pause)) for w in self.writers]
        return self

    async def __aexit__(self, kind, error, trace):
        for writer in self.writers:
            writer.stopping = True
        for task in self.tasks:
            if kind:
                task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def acknowledged(self):
        return sum(len(w.acks) for w in self.writers)

    async def every_writer_acknowledged_again(self, seconds=60):
        """Waits until each writer got an ack for something sent from now on."""
        before = [len(w.acks) for w in self.writers]
        deadline = asyncio.get_running_loop().time() + seconds
        while not all(len(w.acks) >= n + 2 for w, n in zip(self.writers, before)):
            assert asyncio.get_running_loop().time() < deadline, "no acks: chat does not go on"
            await asyncio.sleep(0.01)

    async def judge(self):
        """After the load has stopped: the whole history, sent, acknowledged, delivered and stored."""
        total = 0
        for writer in self.writers:
            items = await writer.finish()
            check_history(items, writer.acks)
        for left in self.writers[::2]:
            total += len(await history(left.person, left.conversation))
        return total
