"""Every REST call and every frame as nobody, with eleven kinds of bad token, as a stranger and as a removed member.

The calls come from the served OpenAPI document and the frames from the gateway's own list of them, so that a new one
can not be forgotten: it fails here until strangers_table.py says what strangers get.
"""
import asyncio
import itertools
import re
import subprocess
import unittest

from chat import PASSWORD, Person, Socket, history, rest
from cluster import Cluster
from raw_socket import RawSocket
from strangers_table import OPEN, STRANGER, Table
from tokens import decoded, encoded, hs256, rs256, signed_again, signing_key

SECRET = "the-secret-of-the-group"
fresh = itertools.count(1)


def bad_tokens(cluster, person):
    """name -> an Authorization header that nobody may be let in with."""
    ours = signing_key(cluster)
    theirs = cluster.home / "theirs.pem"
    subprocess.run(["openssl", "genrsa", "-out", theirs, "2048"], check=True, capture_output=True)
    public = (ours.parent / (ours.stem + ".pub.pem")).read_bytes()
    header, claims, signature = person.token.split(".")
    head, body = decoded(header), decoded(claims)
    tampered = encoded({**body, "sub": "01ARZ3NDEKTSV4RRFFQ69G5FAV"})
    tokens = {
        "expired": signed_again(person.token, ours, -3600),
        "not yet": signed_again(person.token, ours, 3600),
        "their key": rs256(head, body, theirs),
        "their cluster": signed_again(person.token, ours, 0, iss="chatcluster/other"),
        "other audience": signed_again(person.token, ours, 0, aud="mail"),
        "alg none": f"{encoded({**head, 'alg': 'none'})}.{claims}.",
        "none, signed": f"{encoded({**head, 'alg': 'none'})}.{claims}.{signature}",
        "hs256": hs256({**head, "alg": "HS256"}, body, public),
        "tampered": f"{header}.{tampered}.{signature}",
        "no signature": f"{header}.{claims}.",
        "refresh": person.cookie.split("=", 1)[1],
    }
    return {name: f"Bearer {token}" for name, token in tokens.items()}


class Strangers(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.cluster = self.enterContext(Cluster(gateways=1, limits="    signInTriesPer5Minutes: 0\n"))
        self.api = self.cluster.api
        self.ann, self.bob, self.eve, self.dan = await asyncio.gather(*(Person.make(self.api) for _ in range(4)))
        members = [self.bob.user_id, self.dan.user_id]
        self.group = (await self.ann.ok("POST", "/v1/groups", {"name": SECRET, "member_ids": members}))["conversation_id"]
        for n in range(3):
            body = {"conversation_id": self.group, "content": f"{SECRET} {n}", "client_msg_id": f"{n}"}
            await self.ann.ok("POST", "/v1/messages", body)
        await self.ann.ok("DELETE", f"/v1/conversations/{self.group}/members/{self.dan.user_id}")

    async def state(self):
        """All that nobody but a member may have changed."""
        path = f"/v1/conversations/{self.group}"
        details = await self.ann.ok("GET", path)
        return details, await self.ann.ok("GET", path + "/members"), await history(self.ann, self.group)

    def request(self, operation, path):
        path = path.replace("{conversation_id}", self.group).replace("{user_id}", self.bob.user_id)
        bodies = {
            "register": {"username": f"stranger_{next(fresh)}", "password": PASSWORD},
            "login": {"username": self.ann.name, "password": "not the password"},
            "createConversation": {"type": "one_on_one", "member_ids": [self.bob.user_id]},
            "createGroup": {"name": "mine", "member_ids": []},
            "renameConversation": {"name": "taken over"},
            "addMembers": {"user_ids": [self.eve.user_id, self.dan.user_id]},
            "changeRole": {"role": "member"},
            "sendMessage": {"conversation_id": self.group, "content": "taken over", "client_msg_id": f"s{next(fresh)}"},
            "changeMe": {"display_name": "me"},
        }
        return path + ("?query=" + self.bob.name if operation == "searchUsers" else ""), bodies.get(operation)

    async def ask(self, method, operation, path, authorization):
        path, body = self.request(operation, path)
        headers = {"Authorization": authorization} if authorization else {}
        answer = await rest(self.api, method.upper(), path, body, headers=headers)
        self.assertNotIn(SECRET, answer.text, (operation, authorization))
        self.assertLess(answer.status, 500, (operation, answer.text))
        return answer

    async def test_who_may_not_gets_nothing_and_changes_nothing(self):
        bad = {"nobody": None, "basic": "Basic YW5uOnBhc3N3b3Jk", "empty": "Bearer ", **bad_tokens(self.cluster, self.ann)}
        await self.walk_calls(bad)
        await self.walk_frames(bad)

    async def walk_calls(self, bad):
        document = (await rest(self.api, "GET", "/v1/openapi.json")).json
        calls = [(method, told["operationId"], path, told["security"]) for path, methods in document["paths"].items()
                 for method, told in methods.items()]
        self.assertEqual({operation for _, operation, _, _ in calls}, set(STRANGER), "each call has its line")
        self.assertEqual({operation for _, operation, _, security in calls if not security}, OPEN)
        table = Table([*bad, "stranger", "removed"])
        before = await self.state()
        self.assertIn(SECRET, str(before), "a member sees what nobody else may")
        for method, operation, path, _ in sorted(calls, key=lambda call: (call[2], call[0])):
            answers = {}
            for name, authorization in bad.items():
                answer = await self.ask(method, operation, path, authorization)
                answers[name] = answer.status
                wanted = STRANGER[operation] if operation in OPEN else 401
                self.assertEqual(answer.status, wanted, (operation, name, answer.text))
                if wanted == 401:
                    self.assertEqual(answer.json["code"], "unauthorized")
                    self.assertEqual(answer.headers["content-type"], "application/problem+json")
            for name, person in (("stranger", self.eve), ("removed", self.dan)):
                answer = await self.ask(method, operation, path, f"Bearer {person.token}")
                answers[name] = answer.status
                self.assertEqual(answer.status, STRANGER[operation], (operation, name, answer.text))
                if answer.status == 404:  # the same as where there is nothing
                    self.assertEqual(answer.json["code"], "not_found")
            table.add(f"{method.upper()} {path}", answers)
            self.assertEqual(await self.state(), before, operation)
        print(f"\n{table}\n", flush=True)

    async def walk_frames(self, bad):
        kinds, answers = await self.kinds_of_frames(), {}
        frames = {
            "ping": {}, "sync": {"conversations": {self.group: 0}}, "auth": {"token": self.eve.token},
            "receipt": {"conversation_id": self.group, "seq": 1, "status": "read"},
            "msg.send": {"conversation_id": self.group, "content": "taken over", "client_msg_id": "taken"},
        }
        self.assertEqual(set(kinds), set(frames), "each frame has its line")
        before = await self.state()
        table = Table([*bad, "stranger", "removed"])
        answers = {name: await self.upgrade(header) for name, header in bad.items() if header}
        self.assertEqual(set(answers.values()), {401})
        table.add("(upgrade with it)", answers)
        answers = {name: await self.first_frame("auth", token=header.split(" ", 1)[1])
                   for name, header in bad.items() if header}
        self.assertEqual(set(answers.values()), {4401})
        table.add("auth with it", answers)
        for kind in kinds:
            fields = frames[kind]
            answers = {} if kind == "auth" else {"nobody": await self.first_frame(kind, **fields)}
            for name, person in (("stranger", self.eve), ("removed", self.dan)):
                answers[name] = await self.signed_in(person, kind, fields)
            wanted = {"ping": "pong", "sync": "sync.done without it", "auth": "bad_request"}.get(kind, "not_found")
            self.assertEqual(answers, {"stranger": wanted, "removed": wanted,
                                       **({} if kind == "auth" else {"nobody": 4401})}, kind)
            table.add(kind, answers)
            self.assertEqual(await self.state(), before, kind)
        print(f"\n{table}\n", flush=True)

    async def kinds_of_frames(self):
        """As the gateway says itself what it knows."""
        socket = await self.eve.socket()
        await socket.send("no such frame", id=1)
        told = (await socket.expect("error", id=1))["message"]
        await socket.close()
        return re.split(r", | and ", re.search(r"known are (.+)$", told)[1])

    async def upgrade(self, authorization):
        raw = await RawSocket.open(self.cluster.websocket, Authorization=authorization)
        raw.close()
        self.assertNotIn(SECRET.encode(), raw.body)
        return raw.status

    async def first_frame(self, kind, **fields):
        socket = await Socket.open(self.cluster.websocket, None)
        await socket.send(kind, **fields)
        code = await socket.closing()
        self.assertEqual(socket.frames, [], kind)
        return code

    async def signed_in(self, person, kind, fields):
        socket = await person.socket()
        await socket.send(kind, id="asked", **fields)
        answer = await socket.find(lambda frame: frame.get("id") == "asked")
        await socket.send("sync", id="all", conversations={})
        await socket.expect("sync.done", id="all")
        self.assertNotIn(SECRET, str(socket.frames))
        await socket.close()
        if answer["type"] == "error":
            return answer["code"]
        if kind == "sync":
            return answer["type"] + (" with it" if self.group in answer["conversations"] else " without it")
        return answer["type"]


if __name__ == "__main__":
    unittest.main()
