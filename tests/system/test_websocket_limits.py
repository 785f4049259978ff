"""The WebSocket side of the contract at its limits: who asks too much, who reads too slowly, and how connections end."""
import asyncio
import json
import os
import signal
import unittest
import urllib.parse

from chat import Person, history, rest
from cluster import Cluster, alive, eventually
from raw_socket import TEXT, RawSocket
from websocket_case import Contract

MOST_CHARACTERS = 100_000


def setUpModule():
    Leaving.cluster = Cluster().__enter__()


def tearDownModule():
    Leaving.cluster.__exit__(None, None, None)


class LimitedCluster(Cluster):
    SAMPLE = (Cluster.SAMPLE.replace("messagesPerMinutePerUser: 0", "messagesPerMinutePerUser: 50")
              .replace("connectsPerMinutePerAddress: 0", "connectsPerMinutePerAddress: 8"))
    MORE = """\
    messageBurst: 5
    connectionsPerUser: 3
  auth: {allowedOrigins: ["https://chat.example.org"]}
"""


class Limits(Contract):
    @classmethod
    def setUpClass(cls):
        cls.cluster = LimitedCluster(limits=LimitedCluster.MORE).__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.__exit__(None, None, None)

    async def test_origins_are_checked_where_there_is_a_list(self):
        (ann,) = await self.people(1)
        url = self.cluster.websocket
        own = "http://" + urllib.parse.urlsplit(url).netloc
        for origin, status in (("https://chat.example.org", 101), ("https://evil.example.org", 403), ("null", 403),
                               ("https://chat.example.org.evil.org", 403), (own, 101)):
            raw = await RawSocket.open(url, ann.token, Origin=origin)
            self.assertEqual(raw.status, status, origin)
            if status == 403:
                self.assertEqual((raw.headers["content-type"], json.loads(raw.body)["code"]),
                                 ("application/problem+json", "forbidden"))
            else:
                self.assertEqual((await raw.read_json())["type"], "ready")
            raw.close()

    async def test_messages_over_the_socket_and_http_count_alike(self):
        ann, a, bob, b, talk = await self.pair()
        for n in range(3):
            await a.say(talk, f"{n}")
        answers = [await ann.call("POST", "/v1/messages", {"conversation_id": talk, "content": "x", "client_msg_id": f"h{n}"})
                   for n in range(4)]
        self.assertEqual([x.status for x in answers][:2], [201, 201])
        self.assertEqual(answers[3].status, 429, answers[3].text)
        self.assertEqual(answers[3].json["code"], "rate_limited")
        self.assertGreaterEqual(int(answers[3].headers["retry-after"]), 1)
        error = await self.answer(a, "past", "msg.send", conversation_id=talk, content="x", client_msg_id="past")
        self.assertEqual((error["type"], error["code"]), ("error", "rate_limited"))
        self.assertTrue(0 < error["retry_after_ms"] <= 1500, error)
        await self.alive(a)
        await b.say(talk, "someone else's limit is their own")
        await asyncio.sleep(error["retry_after_ms"] / 1000)  # what was promised: after that long there is room for one
        answer = await self.answer(a, "room", "msg.send", conversation_id=talk, content="x", client_msg_id="past")
        self.assertEqual((answer["type"], answer.get("client_msg_id")), ("ack", "past"), answer)

    async def test_one_connection_too_many_is_closed_with_4429(self):
        (ann,) = await self.people(1)
        kept = [await self.socket(ann) for _ in range(3)]
        for url in {(await ann.ok("POST", "/v1/connect"))["ws_url"] for _ in range(2)}:
            more = await RawSocket.open(url, ann.token)
            self.assertEqual(more.status, 101)
            self.assertEqual(await more.closed_with(), 4429)
            more.close()
        for socket in kept:
            await self.alive(socket)
        await kept[0].close()
        async def again():
            raw = await RawSocket.open(self.cluster.websocket, ann.token)
            opcode, payload = await raw.read()
            raw.close()
            return opcode == TEXT
        deadline = asyncio.get_running_loop().time() + 5
        while not await again():
            self.assertLess(asyncio.get_running_loop().time(), deadline, "a place that was left is not free again")

    async def test_only_those_without_a_good_token_are_counted_by_address(self):
        (ann,) = await self.people(1)
        url = self.cluster.websocket
        statuses = []
        for _ in range(12):
            raw = await RawSocket.open(url, "nonsense")
            statuses.append(raw.status)
            raw.close()
        self.assertEqual((statuses[0], statuses[-1]), (401, 429), statuses)
        raw = await RawSocket.open(url, "nonsense")
        self.assertEqual(raw.status, 429)
        self.assertGreaterEqual(int(raw.headers["retry-after"]), 1)
        self.assertEqual(json.loads(raw.body)["code"], "rate_limited")
        good = await RawSocket.open(url, ann.token)
        self.assertEqual(good.status, 101)
        good.close()
        raw.close()


class Leaving(Contract):
    async def test_a_slow_reader_is_closed_and_the_others_get_theirs(self):
        ann, a, bob, b, talk = await self.pair()
        slow = await RawSocket.open(self.cluster.websocket, bob.token)
        self.addCleanup(slow.close)
        slow.writer.transport.pause_reading()
        text = "x" * MOST_CHARACTERS
        count, window = 150, 10  # each window is well below what a gateway holds for one connection
        for n in range(count):
            await a.send("msg.send", conversation_id=talk, content=text, client_msg_id=f"{n}")
            if n % window == window - 1:  # those who read are waited for: only `slow` falls behind
                for reader in (a, b):
                    await reader.expect("message", client_msg_id=f"{n}", seconds=30)
        self.assertEqual([m["seq"] for m in b.messages(talk)], list(range(1, count + 1)))
        def closed():
            return sum(self.cluster.metric(f"gateway-{n}", "chat_gateway_slow_readers_total") or 0 for n in (0, 1))
        await asyncio.get_running_loop().run_in_executor(None, eventually, "the slow reader is closed", closed, 20)
        slow.writer.transport.resume_reading()
        self.assertIn(await slow.closed_with(), (1008, None))
        for reader in (a, b):
            await self.alive(reader)

    async def test_signing_out_closes_the_sockets_of_that_sign_in_only(self):
        (ann,) = await self.people(1)
        other = await Person.sign_in(self.cluster.api, ann.name)
        here, there = await self.socket(ann), await self.socket(other)
        answer = await rest(self.cluster.api, "POST", "/v1/auth/logout", headers={"Cookie": ann.cookie})
        self.assertEqual(answer.status, 204)
        self.assertEqual(await here.closing(), 4401)
        await self.alive(there)

    async def test_a_flood_slows_its_own_sender_down_and_does_not_end_it(self):
        ann, a, bob, b, talk = await self.pair()
        flood = await RawSocket.open(self.cluster.websocket, ann.token)
        self.addCleanup(flood.close)
        flood.writer.transport.pause_reading()
        count = 20_000  # 20 MB each way: more than the kernel and the queue keep
        for n in range(count):
            flood.frame(TEXT, json.dumps({"type": "ping", "id": f"{n}" + "x" * 1000}).encode())
        def fills():
            return sum(self.cluster.metric(f"gateway-{n}", "chat_gateway_send_queue_bytes") for n in (0, 1)) > 400_000
        await asyncio.get_running_loop().run_in_executor(None, eventually, "its pongs fill its queue", fills, 20)
        for n in range(20):
            await a.say(talk, f"others go on {n}")
        await b.expect("message", content="others go on 19")
        self.assertGreater(flood.writer.transport.get_write_buffer_size(), 0, "it is read all the same")
        flood.writer.transport.resume_reading()
        for n in range(count):
            pong = await flood.read_json("pong")
            self.assertEqual(pong["id"][:-1000], f"{n}")

    async def test_sigterm_announces_then_closes_with_1012_and_loses_nothing(self):
        ann, a, bob, b, talk = await self.pair()
        name = (await a.expect("ready"))["gateway"]
        pid = self.cluster.process(name)["pid"]
        acks = []
        async def chatter():
            try:
                for n in range(100_000):
                    acks.append(await a.say(talk, f"{n}"))
            except (ConnectionError, AssertionError, OSError):
                pass
            except Exception as error:  # the library's own kinds of "closed"
                self.assertIn("Closed", type(error).__name__)
        talking = asyncio.create_task(chatter())
        await a.expect("message", seq=5)
        os.kill(pid, signal.SIGTERM)
        notice = await a.expect("server_maintenance", seconds=20)
        self.assertGreater(notice["retry_after_ms"], 0)
        self.assertTrue(notice.get("reconnect_url", "ws").startswith("ws"))
        self.assertEqual(await a.closing(150), 1012)
        await talking
        await asyncio.get_running_loop().run_in_executor(None, eventually, "it ended", lambda: not alive(pid), 20)
        stored = {m["client_msg_id"]: m["seq"] for m in await history(bob, talk)}
        for ack in acks:
            self.assertEqual(stored.get(ack["client_msg_id"]), ack["seq"])
        back = await self.socket(ann, notice.get("reconnect_url"))
        await self.alive(back)


if __name__ == "__main__":
    unittest.main()
