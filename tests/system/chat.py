"""A client written from the contract: REST with the standard library, the socket with `websockets`."""
import asyncio
import http.client
import itertools
import json
import ssl
import urllib.parse

import websockets

counter = itertools.count(1)
authority = None  # the file of whom TLS trusts; None: REST asks the system's, the socket believes anybody
# One run's names never meet another's: the pid and a counter.
PREFIX = f"u{__import__('os').getpid()}_{__import__('time').time_ns() // 1000000 % 10**9}"
PASSWORD = "correct horse battery"


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.text = status, headers, body
        self.json = json.loads(body) if body and "json" in headers.get("content-type", "") else None


def call(api, method, path, body=None, token=None, headers=None, raw=None):
    """One REST call; never raises for a status."""
    url = urllib.parse.urlsplit(api)
    if url.scheme == "https":
        context = ssl.create_default_context(cafile=authority)
        connection = http.client.HTTPSConnection(url.hostname, url.port, timeout=20, context=context)
    else:
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=20)
    sent = dict(headers or {})
    data = raw
    if body is not None:
        data = json.dumps(body).encode()
    if data is not None:
        sent.setdefault("Content-Type", "application/json")
    if token:
        sent["Authorization"] = f"Bearer {token}"
    try:
        connection.request(method, path, data, sent)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        answer_headers = {}
        for key, value in answer.getheaders():
            key = key.lower()
            answer_headers[key] = answer_headers[key] + "\n" + value if key in answer_headers else value
        return Answer(answer.status, answer_headers, text)
    finally:
        connection.close()


async def rest(api, method, path, body=None, token=None, **more):
    return await asyncio.get_running_loop().run_in_executor(None, lambda: call(api, method, path, body, token, **more))


class Person:
    def __init__(self, api, user_id, name, token, device_id, cookie):
        self.api, self.user_id, self.name, self.token, self.device_id, self.cookie = (
            api, user_id, name, token, device_id, cookie)

    @classmethod
    async def make(cls, api, name=None):
        name = name or f"{PREFIX}_{next(counter)}"
        registered = await rest(api, "POST", "/v1/auth/register", {"username": name, "password": PASSWORD})
        assert registered.status == 201, (registered.status, registered.text)
        return await cls.sign_in(api, name)

    @classmethod
    async def sign_in(cls, api, name, device_id=None):
        body = {"username": name, "password": PASSWORD}
        if device_id:
            body["device_id"] = device_id
        answer = await rest(api, "POST", "/v1/auth/login", body)
        assert answer.status == 200, (answer.status, answer.text)
        return cls(api, answer.json["user_id"], name, answer.json["access_token"], answer.json["device_id"],
                   answer.headers["set-cookie"].split(";")[0])

    async def call(self, method, path, body=None, **more):
        return await rest(self.api, method, path, body, self.token, **more)

    async def ok(self, method, path, body=None):
        answer = await self.call(method, path, body)
        assert answer.status in (200, 201, 204), (method, path, answer.status, answer.text)
        return answer.json

    async def talk_to(self, other):
        return (await self.ok("POST", "/v1/conversations", {"type": "one_on_one", "member_ids": [other.user_id]}))[
            "conversation_id"]

    async def socket(self, url=None):
        if url is None:
            url = (await self.ok("POST", "/v1/connect"))["ws_url"]
        return await Socket.open(url, self.token)


class Socket:
    """A connection that keeps every frame it saw, in order."""

    def __init__(self, connection):
        self.connection = connection
        self.frames = []
        self.arrived = asyncio.Condition()
        self.closed = None
        self.reader = asyncio.create_task(self.read())

    @classmethod
    async def open(cls, url, token):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        trusted = ssl.create_default_context(cafile=authority) if authority else ssl._create_unverified_context()
        context = trusted if url.startswith("wss") else None
        connection = await websockets.connect(url, extra_headers=headers, subprotocols=["chat.v1.json"], ssl=context,
                                              ping_interval=None, max_size=None, open_timeout=20, close_timeout=2)
        socket = cls(connection)
        if token:
            await socket.expect("ready")
        return socket

    async def read(self):
        try:
            async for text in self.connection:
                async with self.arrived:
                    self.frames.append(json.loads(text))
                    self.arrived.notify_all()
        except (websockets.ConnectionClosed, OSError):
            pass
        async with self.arrived:
            self.closed = self.connection.close_code or 1006
            self.arrived.notify_all()

    async def send(self, type_, **fields):
        await self.connection.send(json.dumps({"type": type_, **fields}))

    async def raw(self, data):
        await self.connection.send(data)

    async def find(self, condition, seconds=15):
        """The first frame, seen already or yet to come, for which condition holds."""
        checked = 0

        async def wait():
            nonlocal checked
            async with self.arrived:
                while True:
                    for frame in self.frames[checked:]:
                        checked += 1
                        if condition(frame):
                            return frame
                    if self.closed is not None:
                        raise ConnectionError(f"closed with {self.closed} before the frame came")
                    await self.arrived.wait()
        try:
            return await asyncio.wait_for(wait(), seconds)
        except asyncio.TimeoutError:
            raise AssertionError(f"no such frame within {seconds} s; the last seen: {self.frames[-5:]}") from None

    async def expect(self, type_, seconds=15, **fields):
        return await self.find(
            lambda f: f["type"] == type_ and all(f.get(key) == value for key, value in fields.items()), seconds)

    async def say(self, conversation, text, client_msg_id=None, seconds=15):
        """Sends and waits for the ack."""
        client_msg_id = client_msg_id or f"m{next(counter)}"
        await self.send("msg.send", id=client_msg_id, conversation_id=conversation, content=text,
                        client_msg_id=client_msg_id)
        frame = await self.find(lambda f: f.get("id") == client_msg_id and f["type"] in ("ack", "error"), seconds)
        assert frame["type"] == "ack", frame
        return frame

    async def closing(self, seconds=15):
        async def wait():
            async with self.arrived:
                while self.closed is None:
                    await self.arrived.wait()
        await asyncio.wait_for(wait(), seconds)
        return self.closed

    def messages(self, conversation):
        return [f for f in self.frames if f["type"] == "message" and f["conversation_id"] == conversation]

    async def close(self):
        await self.connection.close()
        await self.reader


async def history(person, conversation):
    """The whole conversation as the store has it, by paging upward."""
    items, after = [], 0
    while True:
        page = await person.ok("GET", f"/v1/conversations/{conversation}/messages?limit=200&after={after}")
        items += page["items"]
        if not page["has_more"]:
            return items
        after = items[-1]["seq"]


def check_history(items, acks):
    """I1…I3 of one conversation: what was acknowledged is there once, in order, without a hole."""
    assert [m["seq"] for m in items] == list(range(1, len(items) + 1)), "seq has a hole or is out of order"
    assert [m["message_id"] for m in items] == sorted(m["message_id"] for m in items), "ids do not sort like seq"
    keys = [(m["sender_id"], m["client_msg_id"]) for m in items]
    assert len(keys) == len(set(keys)), "a message is there twice"
    stored = {m["client_msg_id"]: m for m in items}
    for ack in acks:
        message = stored.get(ack["client_msg_id"])
        assert message, f"acknowledged but lost: {ack}"
        assert (message["seq"], message["message_id"]) == (ack["seq"], ack["message_id"]), (message, ack)


def check_device(frames, items):
    """I3, I4 as one device saw it: each message once, in order, without a hole, the same as stored."""
    seen = [m["seq"] for m in frames]
    assert seen == list(range(seen[0], seen[0] + len(seen))) if seen else True, f"not gap-free: {seen}"
    for frame in frames:
        stored = items[frame["seq"] - 1]
        assert (frame["message_id"], frame["content"]) == (stored["message_id"], stored["content"])
