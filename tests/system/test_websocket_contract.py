"""The WebSocket side of the contract, promise by promise, as a client sees it that was written from the document."""
import asyncio
import base64
import datetime
import json
import re
import struct
import subprocess
import unittest

from chat import Person, Socket, history
from cluster import Cluster
from raw_socket import BINARY, CLOSE, PING, PONG, TEXT, RawSocket
from tokens import signed_again
from websocket_case import Contract

ULID = re.compile(r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$")
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
MOST_FRAME_BYTES = 1_310_720
MOST_CHARACTERS = 100_000


def setUpModule():
    Contract.cluster = Cluster().__enter__()


def tearDownModule():
    Contract.cluster.__exit__(None, None, None)


class SigningOn(Contract):
    async def raw(self, *arguments, **more):
        raw = await RawSocket.open(*arguments, **more)
        self.addCleanup(raw.close)
        return raw

    async def test_a_token_in_the_header_is_judged_before_the_upgrade(self):
        (ann,) = await self.people(1)
        url = self.cluster.websocket
        header, claims, signature = ann.token.split(".")
        forged = json.loads(base64.urlsafe_b64decode(claims + "=="))
        forged["exp"] += 3600
        forged = base64.urlsafe_b64encode(json.dumps(forged).encode()).decode().rstrip("=")
        unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
        for token in ("nonsense", "", f"{header}.{forged}.{signature}", f"{unsigned}.{claims}.", f"{header}.{claims}."):
            raw = await self.raw(url, token)
            self.assertEqual(raw.status, 401, token)
            self.assertEqual(raw.headers["content-type"], "application/problem+json")
            problem = json.loads(raw.body)
            self.assertEqual((problem["code"], problem["status"]), ("unauthorized", 401))
        good = await self.raw(url, ann.token)
        self.assertEqual(good.status, 101)
        ready = await good.read_json()
        self.assertEqual({key: type(ready[key]) for key in ready},
                         {"type": str, "user_id": str, "device_id": str, "gateway": str, "heartbeat_seconds": int,
                          "server_time": str})
        self.assertEqual((ready["type"], ready["user_id"], ready["device_id"], ready["heartbeat_seconds"]),
                         ("ready", ann.user_id, ann.device_id, 30))
        self.assertRegex(ready["server_time"], TIME)

    async def test_an_expired_token_and_one_under_another_key_are_refused(self):
        (ann,) = await self.people(1)
        keys = self.cluster.dir / "clusters" / "demo" / "secrets" / "jwt"
        ours = next(file for file in keys.glob("*.pem") if not file.name.endswith(".pub.pem"))
        theirs = self.cluster.home / "another.pem"
        subprocess.run(["openssl", "genrsa", "-out", theirs, "2048"], check=True, capture_output=True)
        for key, seconds, status in ((ours, 0, 101), (ours, -3600, 401), (theirs, 0, 401)):
            token = signed_again(ann.token, key, seconds)
            raw = await self.raw(self.cluster.websocket, token)
            self.assertEqual(raw.status, status, (key.name, seconds))
            if status == 401:
                socket = await Socket.open(self.cluster.websocket, None)
                await socket.send("auth", token=token)
                self.assertEqual(await socket.closing(), 4401)

    async def test_the_subprotocol_is_echoed_and_others_are_not(self):
        (ann,) = await self.people(1)
        for offered, echoed in (("chat.v1.json", "chat.v1.json"), ("other, chat.v1.json", "chat.v1.json"),
                                ("other", None)):
            raw = await self.raw(self.cluster.websocket, ann.token, Sec_WebSocket_Protocol=offered)
            self.assertEqual((raw.status, raw.headers.get("sec-websocket-protocol")), (101, echoed), offered)

    async def test_a_browser_signs_on_with_the_first_frame(self):
        (ann,) = await self.people(1)
        for fields, device in (({}, ann.device_id), ({"device_id": "tab-7"}, "tab-7")):
            socket = await Socket.open(self.cluster.websocket, None)
            await socket.send("auth", id="me", token=ann.token, **fields)
            ready = await socket.expect("ready", id="me")
            self.assertEqual((ready["user_id"], ready["device_id"]), (ann.user_id, device))
            await self.alive(socket)
            await socket.close()

    async def test_a_wrong_first_frame_closes_with_4401(self):
        (ann,) = await self.people(1)
        for text in ('{"type":"ping"}', '{"type":"auth","token":"nonsense"}', '{"type":"auth"}', "{", "",
                     json.dumps({"type": "auth", "token": ann.token[:-8] + "AAAAAAAA"})):
            socket = await Socket.open(self.cluster.websocket, None)
            await socket.raw(text)
            self.assertEqual(await socket.closing(), 4401, text)
            self.assertEqual(socket.frames, [])

    async def test_frames_of_the_wrong_kind_or_length_close(self):
        (ann,) = await self.people(1)
        binary = await self.raw(self.cluster.websocket, ann.token)
        binary.frame(BINARY, b"x")
        self.assertEqual(await binary.closed_with(), 1003)
        long = await self.raw(self.cluster.websocket, ann.token)
        long.frame(TEXT, b" " * (MOST_FRAME_BYTES + 1))
        self.assertEqual(await long.closed_with(), 1009)
        pieces = await self.raw(self.cluster.websocket, ann.token)
        for n in range(3):
            pieces.frame(TEXT if n == 0 else 0, b" " * 500_000, final=n == 2)
        self.assertEqual(await pieces.closed_with(), 1009)
        longest = await self.raw(self.cluster.websocket, ann.token)
        ping = b'{"type":"ping","id":"full"}'
        longest.frame(TEXT, ping + b" " * (MOST_FRAME_BYTES - len(ping)))
        self.assertEqual((await longest.read_json("pong"))["id"], "full")

    async def test_websocket_pings_and_pieces_are_understood(self):
        (ann,) = await self.people(1)
        raw = await self.raw(self.cluster.websocket, ann.token)
        raw.frame(TEXT, b'{"type":"pi', final=False)
        raw.frame(PING, b"between")
        raw.frame(0, b'ng","id":1}')
        await raw.read_json("ready")
        self.assertEqual(await raw.read(), (PONG, b"between"))
        self.assertEqual(await raw.read_json(), {"type": "pong", "id": 1})
        raw.frame(CLOSE, struct.pack(">H", 1000))
        self.assertEqual(await raw.closed_with(), 1000)

    async def test_bytes_that_are_no_text_are_never_stored(self):
        ann, a, bob, b, talk = await self.pair()
        raw = await self.raw(self.cluster.websocket, ann.token)
        raw.frame(TEXT, b'{"type":"msg.send","conversation_id":"%s","client_msg_id":"1","content":"a\xff"}'
                  % talk.encode())
        self.assertEqual((await raw.read_json("error"))["code"], "bad_request")
        raw.frame(TEXT, b'{"type":"ping","id":"still here"}')
        self.assertEqual((await raw.read_json("pong"))["id"], "still here")
        self.assertEqual(await history(ann, talk), [])
        raw.close()

    async def test_many_connections_of_one_device_each_get_everything(self):
        ann, a, bob, b, talk = await self.pair()
        tabs = [await self.socket(bob) for _ in range(5)]
        await a.say(talk, "to every tab")
        for tab in [b] + tabs:
            await tab.expect("message", content="to every tab")
            self.assertEqual(len(tab.messages(talk)), 1)


class Messages(Contract):
    async def test_an_answer_carries_the_id_as_it_was_given(self):
        ann, a, bob, b, talk = await self.pair()
        for n, id_ in enumerate(("text", "\u00e9\"\\\n\U0001f642", "", 0, -7, 1.5, 2**63 - 1, 2**70, True, False, None)):
            frames = len(a.frames)
            await a.send("msg.send", id=id_, conversation_id=talk, content="x", client_msg_id=f"i{n}")
            ack = await a.expect("ack", client_msg_id=f"i{n}")
            self.assertIn("id", ack)
            self.assertEqual((type(ack["id"]), ack["id"]), (type(id_), id_))
            await a.send("ping", id=id_)
            await a.find(lambda f: f["type"] == "pong" and f["id"] == id_ and f in a.frames[frames:])
        await a.send("msg.send", conversation_id=talk, content="x", client_msg_id="none")
        self.assertNotIn("id", await a.expect("ack", client_msg_id="none"))

    async def test_the_ack_and_the_message_have_every_field(self):
        ann, a, bob, b, talk = await self.pair()
        a2 = await self.socket(ann)
        await a.say(talk, "first")
        media = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
        ack = await self.answer(a, "s", "msg.send", conversation_id=talk, content="look", message_type="media",
                                client_msg_id="m", media_id=media, reply_to_seq=1, mentions=[bob.user_id],
                                unknown={"fields": ["are", "ignored"]})
        self.assertEqual(set(ack), {"type", "id", "client_msg_id", "conversation_id", "message_id", "seq", "rev",
                                    "server_timestamp", "status"})
        self.assertEqual((ack["type"], ack["client_msg_id"], ack["conversation_id"], ack["seq"], ack["rev"],
                          ack["status"]), ("ack", "m", talk, 2, 2, "sent"))
        self.assertRegex(ack["message_id"], ULID)
        self.assertRegex(ack["server_timestamp"], TIME)
        stored = (await history(bob, talk))[1]
        for device in (a, a2, b):
            message = await device.expect("message", seq=2)
            self.assertEqual({**message, "type": None}, {
                "type": None, "conversation_id": talk, "message_id": ack["message_id"], "seq": 2, "rev": 2,
                "sender_id": ann.user_id, "client_msg_id": "m", "content": "look", "message_type": "media",
                "media_id": media, "reply_to_seq": 1, "mentions": [bob.user_id], "created_at": ack["server_timestamp"]})
            self.assertEqual({k: v for k, v in message.items() if k != "type"}, stored)
        plain = await b.expect("message", seq=1)
        self.assertEqual(plain["message_type"], "text")
        self.assertLess(plain["message_id"], message["message_id"])
        age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(
            ack["server_timestamp"].replace("Z", "+00:00"))
        self.assertLess(abs(age.total_seconds()), 30)

    async def test_bounds_of_the_fields(self):
        ann, a, bob, b, talk = await self.pair()
        good = {"conversation_id": talk, "content": "x", "client_msg_id": "c"}
        wrong = [("client_msg_id", ""), ("client_msg_id", "x" * 129), ("client_msg_id", 5), ("client_msg_id", None),
                 ("client_msg_id", "a\0"), ("content", ""), ("content", None), ("content", 1), ("content", "a\0b"),
                 ("conversation_id", talk[:-1]), ("conversation_id", talk + "0"), ("conversation_id", None),
                 ("message_type", "video"), ("message_type", 1), ("reply_to_seq", 0), ("reply_to_seq", -1),
                 ("reply_to_seq", 1.5), ("reply_to_seq", "1"), ("reply_to_seq", 2**63), ("reply_to_seq", 1),
                 ("reply_to_seq", 2**63 - 1), ("mentions", "x"), ("mentions", ["x"]), ("mentions", [1]), ("media_id", "x")]
        for n, (field, value) in enumerate(wrong):
            error = await self.answer(a, f"w{n}", "msg.send", **{**good, field: value})
            self.assertEqual((error["type"], error["code"]), ("error", "bad_request"), (field, value))
            self.assertTrue(error["message"])
        for n, text in enumerate((r"\ud800", r"\udc00", r"x\ud83dy", r"\udc00\ud800")):
            await a.raw('{"type":"msg.send","conversation_id":"%s","client_msg_id":"l%d","content":"%s","id":"l%d"}'
                        % (talk, n, text, n))
            await a.find(lambda f, n=n: f["type"] == "error" and f["code"] == "bad_request" and
                         sum(g["type"] == "error" for g in a.frames) > len(wrong) + n)
        self.assertEqual(await history(ann, talk), [])
        for n, key in enumerate(("k", "\U0001f642" * 128, "x" * 128)):
            ack = await self.answer(a, f"k{n}", "msg.send", **{**good, "client_msg_id": key})
            self.assertEqual((ack["type"], ack["client_msg_id"]), ("ack", key))
        error = await self.answer(a, "past", "msg.send", **{**good, "client_msg_id": "\U0001f642" * 129})
        self.assertEqual(error["code"], "bad_request")

    async def test_content_comes_back_byte_for_byte_up_to_its_bound(self):
        ann, a, bob, b, talk = await self.pair()
        texts = ["x" * MOST_CHARACTERS, "\U0001f642" * MOST_CHARACTERS, "\x01" * MOST_CHARACTERS,
                 "\u00e9" + "e\u0301" + "\u202e\ufeff\u2028\x7f\u0085\ufffe\U0010ffff\r\n\t\b\f\x1f\"\\/<>&'"]
        for n, text in enumerate(texts):
            for escaped in (False, True):
                key = f"c{n}{escaped}"
                await a.raw(json.dumps({"type": "msg.send", "id": key, "conversation_id": talk, "content": text,
                                        "client_msg_id": key}, ensure_ascii=escaped))
                ack = await a.find(lambda f, key=key: f.get("id") == key)
                self.assertEqual(ack["type"], "ack", {k: v for k, v in ack.items() if k != "content"})
                message = await b.expect("message", client_msg_id=key)
                self.assertTrue(message["content"] == text, key)
        self.assertTrue([m["content"] for m in await history(bob, talk)] == [t for t in texts for _ in (0, 1)])
        for n, text in enumerate(("x" * (MOST_CHARACTERS + 1), "\U0001f642" * (MOST_CHARACTERS + 1))):
            await a.raw(json.dumps({"type": "msg.send", "id": f"p{n}", "conversation_id": talk, "content": text,
                                    "client_msg_id": "p"}))
            self.assertEqual((await a.find(lambda f, n=n: f.get("id") == f"p{n}"))["code"], "too_large")
        await self.alive(a)

    async def test_a_frame_that_is_not_understood_gets_an_error_and_the_connection_stays(self):
        ann, a, bob, b, talk = await self.pair()
        for n, fields in enumerate(({"type": "typing", "conversation_id": talk, "active": True},
                                    {"type": "presence.set", "status": "online"},
                                    {"type": "presence.watch", "user_ids": [bob.user_id]},
                                    {"type": "nonsense"}, {"type": 5}, {"type": None}, {}, {"type": "auth"},
                                    {"type": "msg.send"}, {"type": "receipt"}, {"type": "sync"},
                                    {"type": "sync", "conversations": []}, {"type": "ready"})):
            await a.raw(json.dumps({**fields, "id": n}))
            error = await a.find(lambda f, n=n: f.get("id") == n and f["type"] != "pong")
            self.assertEqual((error["type"], error["code"]), ("error", "bad_request"), fields)
            self.assertTrue(error["message"])
        for n, text in enumerate(("", "{", "[]", "null", "5", '"x"', '{"type":"ping"} {}', "[" * 100_000,
                                  '{"type":"ping","x":' + "[" * 500 + "]" * 500 + "}", '{"type":"ping","id":[1]}',
                                  '{"type":"ping","type":"ping"}', "\ufeff{", "{'type':'ping'}", '{"type":"ping",}')):
            await a.raw(text)
            await a.find(lambda f, n=n: f["type"] == "error" and "id" not in f and f["code"] == "bad_request" and
                         sum(g["type"] == "error" and "id" not in g for g in a.frames) > n)
        await self.alive(a)

    async def test_strangers_and_the_removed(self):
        ann, a, bob, b, talk = await self.pair()
        (eve,) = await self.people(1)
        e = await self.socket(eve)
        await a.say(talk, "private")
        for n, conversation in enumerate((talk, "01ARZ3NDEKTSV4RRFFQ69G5FAV")):
            error = await self.answer(e, f"s{n}", "msg.send", conversation_id=conversation, content="x", client_msg_id="x")
            self.assertEqual((error["type"], error["code"]), ("error", "not_found"))
            for status in ("delivered", "read"):
                error = await self.answer(e, f"{status}{n}", "receipt", conversation_id=conversation, seq=1, status=status)
                self.assertEqual((error["type"], error["code"]), ("error", "not_found"))
        self.assertEqual((await self.answer(e, "y", "sync", conversations={talk: 0}))["conversations"], {})
        group = (await ann.ok("POST", "/v1/groups", {"name": "g", "member_ids": [eve.user_id, bob.user_id]}))[
            "conversation_id"]
        await e.expect("conversation", conversation_id=group)
        first = await e.say(group, "mine", client_msg_id="kept")
        await ann.ok("DELETE", f"/v1/conversations/{group}/members/{eve.user_id}")
        await e.expect("conversation", conversation_id=group, change="member_removed", user_id=eve.user_id)
        count = len(e.frames)
        await a.say(group, "after")
        await b.expect("message", conversation_id=group, content="after")
        await b.send("receipt", conversation_id=group, seq=2, status="read")
        await a.expect("receipt", conversation_id=group, status="read")
        again = await self.answer(e, "again", "msg.send", conversation_id=group, content="other", client_msg_id="kept")
        self.assertEqual({**again, "id": None, "duplicate": None}, {**first, "id": None, "duplicate": None})
        self.assertIs(again["duplicate"], True)
        error = await self.answer(e, "new", "msg.send", conversation_id=group, content="new", client_msg_id="new")
        self.assertEqual(error["code"], "not_found")
        error = await self.answer(e, "r", "receipt", conversation_id=group, seq=1, status="read")
        self.assertEqual(error["code"], "not_found")
        done = await self.answer(e, "sync", "sync", conversations={group: 0})
        self.assertEqual(done["conversations"], {})
        self.assertEqual([f for f in e.frames[count:] if f.get("conversation_id") == group and "id" not in f], [])

    async def test_receipts(self):
        ann, a, bob, b, talk = await self.pair()
        b2, a2 = await self.socket(bob), await self.socket(ann)
        for n in range(5):
            await a.say(talk, f"{n}")
        async def told(seq, status):
            for device in (a, a2, b, b2):
                frame = await device.expect("receipt", seq=seq, status=status)
                self.assertEqual(set(frame), {"type", "conversation_id", "user_id", "seq", "status", "at"})
                self.assertEqual((frame["conversation_id"], frame["user_id"]), (talk, bob.user_id))
                self.assertRegex(frame["at"], TIME)
        await b.send("receipt", conversation_id=talk, seq=2, rev=2, status="delivered")
        await told(2, "delivered")
        await b.send("receipt", conversation_id=talk, seq=4, status="read")
        await told(4, "read")
        for n, (seq, status) in enumerate(((1, "delivered"), (3, "read"), (0, "read"), (4, "read"))):
            await b.send("receipt", id=f"back{n}", conversation_id=talk, seq=seq, status=status)
        item = (await bob.ok("GET", "/v1/conversations"))["items"][0]
        self.assertEqual((item["last_read_seq"], item["unread"]), (4, 1))
        for n, fields in enumerate(({"seq": 6, "status": "read"}, {"seq": 6, "status": "delivered"},
                                    {"seq": 2**63 - 1, "status": "read"}, {"seq": 2**63, "status": "read"},
                                    {"seq": -1, "status": "read"}, {"seq": 1.0, "status": "read"},
                                    {"seq": "1", "status": "read"}, {"seq": 1, "status": "seen"}, {"seq": 1},
                                    {"status": "read"}, {"seq": 5, "rev": 6, "status": "delivered"},
                                    {"seq": 5, "rev": -1, "status": "delivered"})):
            error = await self.answer(b, f"e{n}", "receipt", conversation_id=talk, **fields)
            self.assertEqual((error["type"], error["code"]), ("error", "bad_request"), fields)
        await b.send("receipt", conversation_id=talk, seq=5, status="read")
        await told(5, "read")
        self.assertEqual([f["seq"] for f in a.frames if f["type"] == "receipt"], [2, 4, 5], "backwards is no news")
        self.assertEqual([f for f in b.frames if str(f.get("id", "")).startswith("back")], [])

    async def test_conversation_frames(self):
        ann, bob, eve, dan = await self.people(4)
        a, b, e, d = [await self.socket(p) for p in (ann, bob, eve, dan)]
        group = (await ann.ok("POST", "/v1/groups", {"name": "first", "member_ids": [bob.user_id, eve.user_id]}))[
            "conversation_id"]
        path = f"/v1/conversations/{group}"
        async def all_hear(devices, change, **fields):
            for device in devices:
                await device.expect("conversation", conversation_id=group, change=change, **fields)
        await all_hear((a, b, e), "created", name="first")
        await ann.ok("PATCH", path, {"name": "second"})
        await all_hear((a, b, e), "renamed", name="second")
        await ann.ok("POST", path + "/members", {"user_ids": [dan.user_id]})
        await all_hear((a, b, e, d), "member_added", user_id=dan.user_id)
        await ann.ok("PATCH", f"{path}/members/{bob.user_id}", {"role": "admin"})
        await all_hear((a, b, e, d), "role_changed", user_id=bob.user_id, role="admin")
        await bob.ok("DELETE", f"{path}/members/{dan.user_id}")
        await all_hear((a, b, e, d), "member_removed", user_id=dan.user_id)
        await eve.ok("DELETE", f"{path}/members/{eve.user_id}")
        await all_hear((a, b, e), "member_removed", user_id=eve.user_id)
        await ann.ok("DELETE", path)
        await all_hear((a, b), "deleted")
        for device in (d, e):
            await self.alive(device)
            self.assertEqual([f["change"] for f in device.frames if f.get("conversation_id") == group][-1],
                             "member_removed", "who was removed gets nothing more of it")
        error = await self.answer(a, "gone", "msg.send", conversation_id=group, content="x", client_msg_id="x")
        self.assertEqual(error["code"], "not_found")

    async def test_who_is_added_gets_what_comes_after(self):
        ann, a, bob, b, talk = await self.pair()
        (eve,) = await self.people(1)
        e = await self.socket(eve)
        group = (await ann.ok("POST", "/v1/groups", {"name": "g", "member_ids": [bob.user_id]}))["conversation_id"]
        await a.say(group, "before")
        await ann.ok("POST", f"/v1/conversations/{group}/members", {"user_ids": [eve.user_id]})
        await a.say(group, "after")
        await e.expect("message", conversation_id=group, content="after")
        self.assertEqual([m["content"] for m in e.messages(group)], ["after"])


class Syncing(Contract):
    async def test_revs_at_and_past_their_bounds(self):
        ann, a, bob, b, talk = await self.pair()
        for n in range(3):
            await a.say(talk, f"{n}")
        s = await self.socket(bob)
        for n, (rev, seen) in enumerate(((0, [1, 2, 3]), (2, [3]), (3, []), (4, []), (2**63 - 1, []))):
            before = len(s.messages(talk))
            done = await self.answer(s, f"s{n}", "sync", conversations={talk: rev})
            self.assertEqual((done["type"], done["conversations"]), ("sync.done", {talk: 3}), rev)
            self.assertEqual([m["rev"] for m in s.messages(talk)[before:]], seen, rev)
        for n, conversations in enumerate(({talk: -1}, {talk: 2**63}, {talk: 1.5}, {talk: "1"}, {talk: None}, {"x": 1},
                                           [talk], None, "x")):
            error = await self.answer(s, f"e{n}", "sync", conversations=conversations)
            self.assertEqual((error["type"], error["code"]), ("error", "bad_request"), conversations)
        done = await self.answer(s, "unknown", "sync", conversations={talk: 3, "01ARZ3NDEKTSV4RRFFQ69G5FAV": 0})
        self.assertEqual(done["conversations"], {talk: 3})
        # The client that was ahead of the head hears what comes.
        await a.say(talk, "more")
        await s.expect("message", rev=4)

    async def test_what_is_not_named_starts_where_this_device_confirmed(self):
        ann, a, bob, b, talk = await self.pair()
        (eve,) = await self.people(1)
        other = await eve.talk_to(bob)
        e = await self.socket(eve)
        for n in range(3):
            await a.say(talk, f"{n}")
            await e.say(other, f"{n}")
        await b.send("receipt", conversation_id=talk, seq=2, rev=2, status="delivered")
        await a.expect("receipt", seq=2)
        same, new = await self.socket(bob), await self.socket(await Person.sign_in(bob.api, bob.name))
        for device, mine in ((same, [3]), (new, [1, 2, 3])):
            done = await self.answer(device, "all", "sync", conversations={})
            self.assertEqual(done["conversations"], {talk: 3, other: 3})
            self.assertEqual([m["rev"] for m in device.messages(talk)], mine)
            self.assertEqual([m["rev"] for m in device.messages(other)], [1, 2, 3])
        named = await self.socket(bob)
        done = await self.answer(named, "one", "sync", conversations={other: 1})
        self.assertEqual(done["conversations"], {talk: 3, other: 3})
        self.assertEqual(([m["rev"] for m in named.messages(talk)], [m["rev"] for m in named.messages(other)]),
                         ([3], [2, 3]))

    async def test_live_traffic_is_held_until_the_sync_is_done(self):
        ann, a, bob, b, talk = await self.pair()
        for n in range(250):
            await a.send("msg.send", conversation_id=talk, content=f"{n}", client_msg_id=f"o{n}")
        await a.expect("ack", client_msg_id="o249")
        stop = asyncio.Event()
        async def chatter():
            n = 0
            while not stop.is_set():
                await a.say(talk, "live", client_msg_id=f"l{n}")
                n += 1
            return n
        talking = asyncio.create_task(chatter())
        try:
            for attempt in range(5):
                s = await self.socket(bob)
                await s.send("sync", id="s", conversations={talk: 0})
                done = await s.expect("sync.done", id="s")
                after = done["conversations"][talk]
                await s.expect("message", rev=after + 20)
                at = next(n for n, f in enumerate(s.frames) if f.get("id") == "s")
                before_sync = next(n for n, f in enumerate(s.frames) if f["type"] == "message" and f["rev"] == 1)
                answered = [f["rev"] for f in s.frames[before_sync:at] if f["type"] == "message"]
                self.assertEqual(answered, list(range(1, after + 1)))
                live = [f["rev"] for f in s.frames[at:] if f["type"] == "message"]
                self.assertEqual(live, list(range(after + 1, after + 1 + len(live))))
                await s.close()
        finally:
            stop.set()
            sent = await talking
        await b.expect("message", rev=250 + sent)
        self.assertEqual([m["rev"] for m in b.messages(talk)], list(range(1, 251 + sent)))


if __name__ == "__main__":
    unittest.main()
