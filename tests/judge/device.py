"""One device of one person: it stays connected, syncs after each reconnect with the last rev it has, and writes down all
that it sees."""
import asyncio
import itertools
import json

import system_path  # noqa: F401
import websockets
from chat import Socket
from history import Connection, Event

ANSWER_SECONDS = 6.0
BACK_OFF = 0.1  # a client's, kept short so that the fault is what is measured
LOST = (ConnectionError, OSError, asyncio.TimeoutError, AssertionError, ValueError, websockets.WebSocketException)
numbers = itertools.count(1)


def now():
    return asyncio.get_running_loop().time()


class Wire(Socket):
    """A connection: what it sees becomes events, and answers go to whoever asked."""

    def __init__(self, connection):
        self.record = Connection("", "", next(numbers))
        self.asked = {}
        self.gone = asyncio.Event()
        self.heard = None  # told of each message
        super().__init__(connection)

    async def read(self):
        try:
            async for text in self.connection:
                await self.hear(json.loads(text))
        except (websockets.ConnectionClosed, OSError):
            pass
        async with self.arrived:
            self.closed = self.connection.close_code or 1006
            self.arrived.notify_all()
        for waiting in self.asked.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError(f"closed with {self.closed}"))
        self.gone.set()

    async def hear(self, frame):
        kind, at = frame["type"], now()
        if kind == "message":
            self.record.events.append(Event(at, kind, frame["conversation_id"], frame["seq"], frame["rev"],
                                            frame["message_id"], frame["sender_id"], frame["client_msg_id"], frame["content"]))
            if self.heard:
                self.heard(frame["conversation_id"], frame["rev"])
        elif kind == "conversation":
            change = frame["change"]
            named = {"member_removed": "removed", "member_added": "added", "created": "added"}.get(change)
            if named and (change == "created" or frame.get("user_id") == self.record.user):
                self.record.events.append(Event(at, named, frame["conversation_id"]))
        elif kind == "sync.done":
            self.record.events.append(Event(at, kind, revs=dict(frame["conversations"])))
        elif kind == "ready":
            self.record.user = frame["user_id"]
            async with self.arrived:
                self.frames.append(frame)
                self.arrived.notify_all()
        waiting = self.asked.pop(frame.get("id"), None)
        if waiting and not waiting.done():
            waiting.set_result(frame)

    async def ask(self, type_, **fields):
        """Sends a frame and waits for what answers it."""
        id_ = f"q{next(numbers)}"
        waiting = self.asked[id_] = asyncio.get_running_loop().create_future()
        if self.closed is not None:
            raise ConnectionError(f"closed with {self.closed}")
        try:
            await self.send(type_, id=id_, **fields)
            return await asyncio.wait_for(waiting, ANSWER_SECONDS)
        finally:
            self.asked.pop(id_, None)
            if waiting.done() and not waiting.cancelled():
                waiting.exception()  # looked at, also where sending failed first


class Device:
    def __init__(self, person, label, history):
        self.person, self.label, self.history = person, label, history
        self.wire = None
        self.stopping = False
        self.away = 0.0  # seconds between two connections
        self.upto = {}   # conversation -> rev: everything up to it was seen
        self.ahead = {}  # conversation -> revs beyond the first gap

    def know(self, conversation):
        self.upto.setdefault(conversation, 0)

    def heard(self, conversation, rev):
        upto, ahead = self.upto.get(conversation, 0), self.ahead.setdefault(conversation, set())
        ahead.add(rev)
        while upto + 1 in ahead:
            upto += 1
            ahead.discard(upto)
        self.upto[conversation] = upto

    async def connect(self):
        url = (await self.person.ok("POST", "/v1/connect"))["ws_url"]
        wire = await Wire.open(url, self.person.token)
        wire.record.device = self.label
        self.history.connections.append(wire.record)
        for event in wire.record.events:  # what came before we listened
            if event.kind == "message":
                self.heard(event.conversation, event.rev)
        wire.heard = self.heard
        self.wire = wire
        while not await self.sync(wire):
            await asyncio.sleep(BACK_OFF)

    async def sync(self, wire, revs=None):
        """True once it was answered; raises when the connection is lost."""
        revs = dict(self.upto) if revs is None else revs
        wire.record.events.append(Event(now(), "sync", revs=revs))
        try:
            if (await wire.ask("sync", conversations=revs))["type"] == "sync.done":
                return True
            wire.record.events.append(Event(now(), "sync.failed"))
        except asyncio.TimeoutError:
            pass  # its answer may come yet
        return False

    async def stay_connected(self):
        while not self.stopping:
            try:
                await self.connect()
                await self.wire.gone.wait()
            except LOST:
                await asyncio.sleep(BACK_OFF)
            finally:
                wire, self.wire = self.wire, None
                if wire and wire.closed is None:
                    await wire.close()
            await asyncio.sleep(self.away)

    async def ask(self, type_, **fields):
        wire = self.wire
        if wire is None:
            raise ConnectionError("not connected")
        return await wire.ask(type_, **fields)

    async def reconnect(self):
        """As a phone that changes networks: the connection goes, the next one syncs."""
        wire = self.wire
        if wire:
            await wire.close()
