"""What no honest client sends, at every port of every daemon: a said answer or a closed connection, never a crash.

After each kind the same processes serve, nobody was restarted, and nothing was stored.
"""
import asyncio
import json
import struct
import unittest
import urllib.parse

from chat import Person, history, rest
from cluster import Cluster, eventually
from hostile_bytes import BODY_KINDS, FRAMES, HTTP, KILO, MEGA, STREAM, bodies, frame, post, request
from raw_socket import RawSocket

DEADLINE = 60


async def talk(address, *pieces, end=False):
    """Sends the pieces and reads until the other side closes: what it said."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if end:
            writer.write_eof()
        return await asyncio.wait_for(reader.read(), DEADLINE)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def statuses(said):
    """The status of each answer in a row, by the lengths they give."""
    found = []
    while said.startswith(b"HTTP/1."):
        head, _, said = said.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:])}
        found.append((int(lines[0].split()[1]), headers, said[:int(headers.get("content-length", 0))]))
        said = said[int(headers.get("content-length", 0)):]
    return found


class Hostile(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster(gateways=1))

    async def asyncSetUp(self):
        self.ann, self.bob = await asyncio.gather(Person.make(self.cluster.api), Person.make(self.cluster.api))
        self.talk = await self.ann.talk_to(self.bob)
        await self.ann.ok("POST", "/v1/messages", {"conversation_id": self.talk, "content": "x", "client_msg_id": "1"})
        self.pids = self.cluster.pids()
        self.before = await self.state()

    async def asyncTearDown(self):
        self.assertEqual(self.cluster.pids(), self.pids, "someone was restarted")
        self.assertEqual(await self.state(), self.before, "something was stored")
        socket = await self.ann.socket()
        await socket.say(self.talk, "and it still works")
        await socket.close()

    async def state(self):
        lists = [await person.ok("GET", "/v1/conversations") for person in (self.ann, self.bob)]
        return lists, await history(self.ann, self.talk), await self.ann.ok("GET", "/v1/users/me")

    def address(self, daemon, key):
        line = next(line for line in self.cluster.config(daemon).splitlines() if line.startswith(key + ":"))
        where = urllib.parse.urlsplit("//" + line.split(":", 1)[1].strip().strip('"'))
        return where.hostname, where.port

    def http_ports(self):
        for daemon in sorted(self.pids):
            if daemon.split("-")[0] in ("gateway", "api", "messages", "worker"):
                yield daemon + " admin", self.address(daemon, "admin")
                if daemon.split("-")[0] in ("gateway", "api"):
                    yield daemon, self.address(daemon, "listen")

    async def test_bytes_that_are_no_request(self):
        for daemon, address in self.http_ports():
            for name, (sent, good) in HTTP.items():
                said = statuses(await talk(address, sent, end=True))
                with self.subTest(port=daemon, sent=name):
                    self.assertIn(said[-1][0] if said else None, good)
                    for status, headers, body in said:
                        if status >= 400:
                            self.assertEqual(headers["content-type"], "application/problem+json")
                            self.assertEqual(json.loads(body)["status"], status)

    async def test_a_client_that_is_slow_on_purpose_is_let_go(self):
        """The beginning of a request, then nothing: at every port at once, since each takes its time to lose patience."""
        ports = list(self.http_ports())
        starts = {"half a line": b"GET /liv", "half a header": b"GET /livez HTTP/1.1\r\nHost: h\r\nX-",
                  "half a body": post(b"{", "Content-Length: 100"), "half a chunk":
                  post(b"10\r\n{", "Transfer-Encoding: chunked")}
        told = await asyncio.gather(*(talk(address, start) for _, address in ports for start in starts.values()))
        for (daemon, name), said in zip(((daemon, name) for daemon, _ in ports for name in starts), told):
            with self.subTest(port=daemon, sent=name):
                self.assertEqual([status for status, _, _ in statuses(said)], [408])

    async def test_a_half_closed_client_still_gets_its_answer(self):
        for daemon, address in self.http_ports():
            with self.subTest(port=daemon):
                said = statuses(await talk(address, request() + request(), end=True))
                self.assertEqual([status for status, _, _ in said], [200, 200])

    async def test_a_body_that_never_ends_is_not_read_to_its_end(self):
        api = self.address("api-0", "listen")
        chunk = b"100000\r\n" + b" " * MEGA + b"\r\n"
        said = statuses(await talk(api, post(b"", "Transfer-Encoding: chunked"), *[chunk] * 100))
        self.assertIn([status for status, _, _ in said], ([413], []))  # closed while we still sent
        said = statuses(await talk(api, post(b"", f"Content-Length: {100 * MEGA}"), *[b" " * MEGA] * 100))
        self.assertIn([status for status, _, _ in said], ([413], []))

    async def test_bodies_that_are_wrong_store_nothing(self):
        for name, body in bodies(self.talk).items():
            with self.subTest(sent=name):
                answer = await self.ann.call("POST", "/v1/messages", raw=body)
                self.assertEqual((answer.status, answer.json["code"]), (400, "bad_request"), answer.text)

    async def test_bodies_of_every_other_call(self):
        """Each call that takes a body, from the served document, gets each kind of body that none of them can take."""
        document = (await rest(self.cluster.api, "GET", "/v1/openapi.json")).json
        calls = [(method, path, told) for path, methods in document["paths"].items()
                 for method, told in methods.items() if "requestBody" in told]
        self.assertGreater(len(calls), 7)
        for method, path, told in calls:
            path = path.replace("{conversation_id}", self.talk).replace("{user_id}", self.bob.user_id)
            for name, body in BODY_KINDS.items():
                with self.subTest(call=told["operationId"], sent=name):
                    answer = await self.ann.call(method.upper(), path, raw=body)
                    self.assertEqual((answer.status, answer.json["code"]), (400, "bad_request"), answer.text)

    async def raw(self):
        raw = await RawSocket.open(self.cluster.websocket, self.ann.token)
        self.addCleanup(raw.close)
        self.assertEqual((await raw.read_json())["type"], "ready")
        return raw

    async def test_frames_that_break_the_protocol_close_with_its_codes(self):
        for name, (sent, good) in FRAMES.items():
            raw = await self.raw()
            raw.writer.write(sent)
            with self.subTest(sent=name):
                self.assertIn(await raw.closed_with(), good)
            raw.close()

    async def test_frames_that_are_wrong_get_an_error_and_the_connection_stays(self):
        raw = await self.raw()
        for name, body in bodies(self.talk).items():
            try:
                body.decode()
            except UnicodeDecodeError:
                continue  # a connection of its own, below
            with self.subTest(sent=name):
                raw.frame(1, body.replace(b"{", b'{"type":"msg.send","id":"h",', 1))
                error = await raw.read_json()
                self.assertEqual((error["type"], error["code"]), ("error", "bad_request"), error)
        raw.frame(1, b'{"type":"ping","id":"alive"}')
        self.assertEqual(await raw.read_json(), {"type": "pong", "id": "alive"})

    async def test_text_that_is_no_utf8_is_refused_and_not_stored(self):
        for name, body in bodies(self.talk).items():
            try:
                body.decode()
                continue
            except UnicodeDecodeError:
                pass
            raw = await self.raw()
            raw.frame(1, body.replace(b"{", b'{"type":"msg.send",', 1))
            opcode, payload = await raw.read()
            with self.subTest(sent=name):  # the contract says an error; RFC 6455 says 1007
                refused = opcode == 1 and json.loads(payload)["code"] == "bad_request"
                self.assertTrue(refused or (opcode == 8 and struct.unpack(">H", payload[:2])[0] == 1007), payload)

    async def test_half_a_frame_and_a_half_closed_socket_leave_nothing_behind(self):
        connections = lambda: self.cluster.metric("gateway-0", "chat_gateway_connections")
        eventually("no connection is left", lambda: connections() == 0 or None)
        for sent in (b"\x81", b"\x81\xfe\x01", frame(0x01, 0x80 | 3, payload=b"{ "), frame(0x81, 0xFF, struct.pack(
                ">Q", MEGA), bytes(KILO))):
            raw = await self.raw()
            raw.writer.write(sent)
            raw.writer.write_eof()
            self.assertIn(await raw.closed_with(), (None, 1002, 1006))
        await asyncio.get_running_loop().run_in_executor(
            None, eventually, "each is let go", lambda: connections() == 0 or None)

    async def test_frames_before_the_answer_to_the_upgrade(self):
        sent = request("GET /v1/ws HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                       "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", f"Authorization: Bearer {self.ann.token}",
                       body=frame(0x81, 0x80 | 2, payload=b"{}"))
        said = statuses(await talk(self.address("gateway-0", "listen"), sent, end=True))
        self.assertEqual([status for status, _, _ in said], [400])

    async def test_the_stream_between_the_daemons(self):
        address = self.address("messages-0", "listen")
        for name, (sent, outcome) in STREAM.items():
            with self.subTest(sent=name):
                said = await talk(address, sent, end=True)
                self.assertEqual("error" if said else "closed", outcome, said)

    async def test_maps_that_are_none_are_refused(self):
        version = json.loads(self.cluster.admin("api-0", "/status"))["map_version"]
        token = next(line.split(":", 1)[1].strip().strip('"') for line in self.cluster.config("api-0").splitlines()
                     if line.startswith("admin_token_file:"))
        with open(token) as file:
            authorization = f"Authorization: Bearer {file.read().strip()}"
        maps = {**BODY_KINDS, "no buckets": b'{"version":99999,"cluster":"demo","shards":[],"buckets":[],"gateways":[],'
                b'"messages":[]}', "a version past 63 bits": b'{"version":9223372036854775808}'}
        for daemon in ("gateway-0", "api-0", "messages-0"):
            for name, body in maps.items():
                with self.subTest(daemon=daemon, sent=name):
                    sent = request("PUT /map HTTP/1.1", authorization, f"Content-Length: {len(body)}", body=body)
                    said = statuses(await talk(self.address(daemon, "admin"), sent, end=True))
                    self.assertEqual([status for status, _, _ in said], [400])
            self.assertEqual(json.loads(self.cluster.admin(daemon, "/status"))["map_version"], version)


if __name__ == "__main__":
    unittest.main()
