"""Two people on two gateways: everything of the contract that one conversation needs."""
import json
import unittest

from chat import Person, Socket, call, check_device, check_history, history
from cluster import Cluster


class Talk(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster().__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.__exit__(None, None, None)

    async def two_on_two_gateways(self):
        api = self.cluster.api
        ann, bob = await Person.make(api), await Person.make(api)
        ours = (await ann.ok("POST", "/v1/connect"))["ws_url"]
        # Whom it sent somewhere counts as load there, so whatever is left of earlier tests the other one comes up soon.
        for _ in range(10):
            theirs = (await bob.ok("POST", "/v1/connect"))["ws_url"]
            if theirs != ours:
                break
        self.assertNotEqual(ours, theirs, "connect must spread people over gateways")
        a, b = await ann.socket(ours), await bob.socket(theirs)
        self.addAsyncCleanup(a.close)
        self.addAsyncCleanup(b.close)
        return ann, a, bob, b

    async def test_a_talk_across_gateways_arrives_once_in_order_on_every_device(self):
        ann, a, bob, b = await self.two_on_two_gateways()
        conversation = await ann.talk_to(bob)
        self.assertEqual(conversation, await bob.talk_to(ann), "the same conversation from both sides")
        await b.expect("conversation", conversation_id=conversation, change="created")
        second = await Person.sign_in(ann.api, bob.name)
        b2 = await second.socket()
        self.addAsyncCleanup(b2.close)
        acks = []
        for i in range(20):
            sender = a if i % 2 == 0 else b
            acks.append(await sender.say(conversation, f"line {i} with \"quotes\", \\ and 🙂"))
        for device in (a, b, b2):
            await device.expect("message", seq=20)
            check_device(device.messages(conversation), await history(ann, conversation))
            self.assertEqual(len(device.messages(conversation)), 20)
        check_history(await history(bob, conversation), acks)
        print("transcript:", *(f"  {f['type']:8} seq={f.get('seq')} rev={f.get('rev')} {f.get('content', '')}"
                               for f in b.frames[:8]), sep="\n")

    async def test_a_retry_gets_the_first_ack_whatever_its_content(self):
        ann, a, bob, b = await self.two_on_two_gateways()
        conversation = await ann.talk_to(bob)
        first = await a.say(conversation, "first", client_msg_id="once")
        await a.send("msg.send", id="again", conversation_id=conversation, content="other", client_msg_id="once")
        again = await a.expect("ack", id="again")
        self.assertTrue(again.get("duplicate"))
        for field in ("seq", "rev", "message_id", "server_timestamp"):
            self.assertEqual(first[field], again[field])
        over_http = await ann.call("POST", "/v1/messages",
                                   {"conversation_id": conversation, "content": "third", "client_msg_id": "once"})
        self.assertEqual((over_http.status, over_http.json["seq"]), (200, first["seq"]))
        self.assertEqual(len(await history(bob, conversation)), 1)

    async def test_receipts_are_stored_and_reach_the_sender(self):
        ann, a, bob, b = await self.two_on_two_gateways()
        conversation = await ann.talk_to(bob)
        await a.say(conversation, "read me")
        await b.expect("message", seq=1)
        await b.send("receipt", conversation_id=conversation, seq=1, rev=1, status="delivered")
        await a.expect("receipt", conversation_id=conversation, user_id=bob.user_id, seq=1, status="delivered")
        unread = (await bob.ok("GET", "/v1/conversations"))["items"][0]
        self.assertEqual((unread["unread"], unread["last_read_seq"]), (1, 0))
        await b.send("receipt", conversation_id=conversation, seq=1, status="read")
        await a.expect("receipt", conversation_id=conversation, user_id=bob.user_id, seq=1, status="read")
        read = (await bob.ok("GET", "/v1/conversations"))["items"][0]
        self.assertEqual((read["unread"], read["last_read_seq"]), (0, 1))

    async def test_who_comes_back_gets_exactly_what_was_missed(self):
        ann, a, bob, b = await self.two_on_two_gateways()
        conversation = await ann.talk_to(bob)
        for i in range(3):
            await a.say(conversation, f"before {i}")
        await b.expect("message", seq=3)
        await b.send("receipt", conversation_id=conversation, seq=2, rev=2, status="delivered")
        await a.expect("receipt", seq=2, status="delivered")
        await b.close()
        for i in range(5):
            await a.say(conversation, f"missed {i}")
        back = await bob.socket()
        self.addAsyncCleanup(back.close)
        await back.send("sync", id="s1", conversations={conversation: 3})
        done = await back.expect("sync.done", id="s1")
        self.assertEqual([m["rev"] for m in back.messages(conversation)], [4, 5, 6, 7, 8])
        self.assertEqual(done["conversations"][conversation], 8)
        await back.send("sync", id="s2", conversations={})
        done = await back.expect("sync.done", id="s2")
        self.assertEqual(done["conversations"][conversation], 8)
        self.assertEqual([m["rev"] for m in back.messages(conversation)][5:], [3, 4, 5, 6, 7, 8],
                         "from what this device last confirmed")

    async def test_groups_roles_and_removal(self):
        ann, a, bob, b = await self.two_on_two_gateways()
        eve = await Person.make(ann.api)
        e = await eve.socket()
        self.addAsyncCleanup(e.close)
        group = (await ann.ok("POST", "/v1/groups", {"name": "trio", "member_ids": [bob.user_id, eve.user_id]}))[
            "conversation_id"]
        await e.expect("conversation", conversation_id=group, change="created")
        await a.say(group, "hello all")
        for device in (a, b, e):
            await device.expect("message", conversation_id=group, seq=1)
        refused = await bob.call("DELETE", f"/v1/conversations/{group}/members/{eve.user_id}")
        self.assertEqual((refused.status, refused.json["code"]), (403, "forbidden"))
        await ann.ok("DELETE", f"/v1/conversations/{group}/members/{eve.user_id}")
        await e.expect("conversation", conversation_id=group, change="member_removed", user_id=eve.user_id)
        await a.say(group, "eve must not see this")
        await b.expect("message", conversation_id=group, seq=2)
        await e.send("ping", id="after")
        await e.expect("pong", id="after")
        self.assertEqual(len(e.messages(group)), 1)
        await e.send("msg.send", id="x", conversation_id=group, content="let me in", client_msg_id="x")
        self.assertIn((await e.expect("error", id="x"))["code"], ("not_found", "forbidden"))
        gone = await eve.call("GET", f"/v1/conversations/{group}/messages")
        self.assertIn(gone.status, (403, 404))
        self.assertNotIn(group, [c["conversation_id"] for c in (await eve.ok("GET", "/v1/conversations"))["items"]])

    async def test_bad_frames_get_an_error_and_the_connection_stays(self):
        ann, a, bob, b = await self.two_on_two_gateways()
        conversation = await ann.talk_to(bob)
        good = {"type": "msg.send", "conversation_id": conversation, "content": "x", "client_msg_id": "c"}
        bad = ["", "[]", "{", "null", '{"type":1}', '{"type":"nonsense"}', '{"type":"msg.send"}',
               json.dumps({**good, "content": ""}), json.dumps({**good, "content": "a\0b"}),
               json.dumps(good)[:-1] + ',"content":"\\ud800"}', json.dumps({**good, "client_msg_id": "x" * 129}),
               json.dumps({**good, "conversation_id": "short"}), json.dumps({**good, "reply_to_seq": 2**63}),
               json.dumps({**good, "reply_to_seq": -1}), json.dumps({**good, "reply_to_seq": 1.5}),
               "[" * 10000]
        for start in range(0, len(bad), 5):
            socket = await Socket.open((await ann.ok("POST", "/v1/connect"))["ws_url"], ann.token)
            for n, text in enumerate(bad[start:start + 5]):
                await socket.raw(text)
                # Other frames may come meanwhile: the conversation was made just now.
                await socket.find(lambda f, n=n: sum(g["type"] == "error" for g in socket.frames) > n)
                errors = [f["code"] for f in socket.frames if f["type"] == "error"]
                self.assertEqual(errors[n:], ["bad_request"], text[:80])
            await socket.send("ping", id="alive")
            await socket.expect("pong", id="alive")
            await socket.close()
        self.assertEqual(await history(ann, conversation), [])

    async def test_strangers_learn_nothing(self):
        ann, a, bob, b = await self.two_on_two_gateways()
        conversation = await ann.talk_to(bob)
        await a.say(conversation, "private")
        eve = await Person.make(ann.api)
        for method, path, body in [("GET", f"/v1/conversations/{conversation}", None),
                                   ("GET", f"/v1/conversations/{conversation}/messages", None),
                                   ("GET", f"/v1/conversations/{conversation}/members", None),
                                   ("POST", "/v1/messages", {"conversation_id": conversation, "content": "hi",
                                                             "client_msg_id": "e"})]:
            answer = await eve.call(method, path, body)
            self.assertEqual((answer.status, answer.headers["content-type"]), (404, "application/problem+json"))
        e = await eve.socket()
        self.addAsyncCleanup(e.close)
        await e.send("sync", id="s", conversations={conversation: 0})
        self.assertEqual((await e.expect("sync.done", id="s"))["conversations"], {})

    async def test_tokens_rotate_and_a_replay_ends_the_login(self):
        ann = await Person.make(self.cluster.api)
        first = call(ann.api, "POST", "/v1/auth/refresh", headers={"Cookie": ann.cookie})
        self.assertEqual(first.status, 200, first.text)
        self.assertIn("HttpOnly", first.headers["set-cookie"])
        again = call(ann.api, "POST", "/v1/auth/refresh", headers={"Cookie": ann.cookie})
        self.assertEqual(again.headers["set-cookie"].split(";")[0], first.headers["set-cookie"].split(";")[0],
                         "two tabs get the same successor")
        self.assertEqual(call(ann.api, "GET", "/v1/users/me", token=first.json["access_token"]).status, 200)
        self.assertEqual(call(ann.api, "GET", "/v1/users/me").status, 401)
        keys = call(ann.api, "GET", "/.well-known/jwks.json").json["keys"]
        self.assertEqual({key["alg"] for key in keys}, {"RS256"})


if __name__ == "__main__":
    unittest.main()
