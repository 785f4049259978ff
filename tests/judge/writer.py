"""A person who writes: sends, asks again until it is known what became of it, and repeats on purpose."""
import asyncio
import http.client

from device import BACK_OFF, LOST, now
from history import Answer, Key, Try

REST = "REST"
REFUSED = ("not_found", "forbidden", "bad_request", "conflict", "blocked", "too_large")
CALL_LOST = (OSError, http.client.HTTPException, ValueError)


class Writer:
    def __init__(self, someone, history, rng, options):
        self.someone, self.history, self.rng, self.options = someone, history, rng, options
        self.stopping = False
        self.sent = 0
        self.acknowledged = {}  # talk id -> a key of ours that was acknowledged there

    async def run(self):
        while not self.stopping:
            await self.say(self.rng.choice(self.someone.talks))
            await asyncio.sleep(self.options.pause * self.rng.uniform(0.5, 1.5))

    def new_key(self, talk):
        self.sent += 1
        return Key(talk.id, self.someone.person.user_id, f"{self.someone.label}-{self.sent}")

    async def say(self, talk):
        key = self.new_key(talk)
        words = f"{key.client_msg_id} in {talk.label}"
        first = self.rng.choice(self.someone.devices)
        if self.rng.random() < self.options.together:  # two tabs, one draft
            others = [d for d in self.someone.devices if d is not first]
            answers = await asyncio.gather(self.attempt(key, words, first), self.attempt(key, words + ", twice", others[0]))
            answer = next((a for a in answers if a and a.kind == "ack"), None)
        else:
            answer = await self.attempt(key, words, first)
        while answer is None or answer.kind == "unknown":
            if now() > self.options.give_up_at:
                self.history.unanswered.append(f"{self.history.message(key)} was tried until the end and never answered")
                break
            await asyncio.sleep(BACK_OFF)
            again = words if self.rng.random() < 0.8 else f"{words}, said again"
            answer = await self.attempt(key, again, self.rng.choice([*self.someone.devices, REST]))
        if answer and answer.kind == "ack":
            self.acknowledged[talk.id] = key
            if self.rng.random() < self.options.repeats:
                await self.repeat(key)
        return answer

    async def repeat(self, key):
        """What was acknowledged is sent again with other words: on a device, and over REST."""
        other = self.rng.choice(self.someone.devices)
        return [await self.attempt(key, f"{key.client_msg_id}, other words", via) for via in (other, REST)]

    async def attempt(self, key, words, via):
        """One try, written down with its answer; None where it could not even be sent."""
        if via is not REST and via.wire is None:
            return None
        tried_at, name = now(), REST if via is REST else via.label
        self.history.tries.append(Try(key, words, tried_at, name))
        body = {"conversation_id": key.conversation, "content": words, "client_msg_id": key.client_msg_id}
        try:
            frame = await (self.over_rest(body) if via is REST else via.ask("msg.send", **body))
        except (*LOST, *CALL_LOST):
            frame = {"type": "lost"}
        answer = read_answer(key, tried_at, name, frame)
        self.history.answers.append(answer)
        return answer

    async def over_rest(self, body):
        answer = await self.someone.person.call("POST", "/v1/messages", body)
        if answer.status in (200, 201):
            return {"type": "ack", **answer.json}
        return {"type": "error", "code": (answer.json or {}).get("code", "unavailable")}


def read_answer(key, tried_at, via, frame):
    if frame["type"] == "ack":
        return Answer(key, "ack", tried_at, now(), via, "", frame["seq"], frame["rev"], frame["message_id"],
                      frame["server_timestamp"], bool(frame.get("duplicate")))
    code = frame.get("code", "")
    return Answer(key, "refused" if code in REFUSED else "unknown", tried_at, now(), via, code)
