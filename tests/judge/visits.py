"""A visitor of a group is removed and added again, and tries meanwhile what only members may."""
import asyncio

from device import BACK_OFF, LOST, now
from history import Reading, Stay
from writer import CALL_LOST, REST

GONE, HERE = (204, 404), (200, 201, 204)


class Visits:
    def __init__(self, talk, writer, history, rng):
        self.talk, self.writer, self.history, self.rng = talk, writer, history, rng
        self.visitor, self.stopping = talk.visitor, False
        self.stay = history.stays_of(talk.id, self.visitor.person.user_id)[-1]
        self.members = f"/v1/conversations/{talk.id}/members"

    async def run(self):
        while not self.stopping:
            await asyncio.sleep(self.rng.uniform(0.6, 1.6))
            await self.remove()
            await self.knock()
            await asyncio.sleep(self.rng.uniform(0.2, 0.6))
            await self.add()

    async def remove(self):
        self.stay.until_asked = now()
        await self.until("DELETE", f"{self.members}/{self.visitor.person.user_id}", None, GONE)
        self.stay.until_answered = now()

    async def add(self):
        self.stay = Stay(self.talk.id, self.visitor.person.user_id, now(), float("inf"))
        self.history.stays.append(self.stay)
        await self.until("POST", self.members, {"user_ids": [self.visitor.person.user_id]}, HERE)
        self.stay.since_answered = now()

    async def until(self, method, path, body, statuses):
        """The owner asks until it is known to be done. A removal that was done before is 404 now."""
        while now() < self.writer.options.give_up_at:
            try:
                answer = await self.talk.owner.person.call(method, path, body)
                if answer.status in statuses:
                    return
            except CALL_LOST:
                pass
            await asyncio.sleep(BACK_OFF)
        raise asyncio.TimeoutError(f"{self.talk.label}: {method} of the visitor was never answered")

    async def knock(self):
        """A send, a reading, a sync: refused. A repeat of what was acknowledged before: answered as before."""
        device = self.rng.choice(self.visitor.devices)
        await self.writer.attempt(self.writer.new_key(self.talk), "let me in", device)
        await self.writer.attempt(self.writer.new_key(self.talk), "let me in", REST)
        asked = now()
        try:
            answer = await self.visitor.person.call("GET", f"/v1/conversations/{self.talk.id}/messages?limit=1")
            self.history.readings.append(Reading(self.talk.id, self.visitor.person.user_id, asked, now(), answer.status))
            if device.wire:
                await device.sync(device.wire)
        except (*LOST, *CALL_LOST):
            pass
        before = self.writer.acknowledged.get(self.talk.id)
        if before:
            await self.writer.attempt(before, "other words of one who left", device)
