"""The load that is judged: a few people with two devices each, who write in pairs and groups through whatever happens."""
import asyncio
import concurrent.futures
import dataclasses
import random

import system_path  # noqa: F401
from chat import history as read_history
from device import LOST, now
from history import History, Stored
from talk import make_group, make_guests, make_pair, make_people
from visits import Visits
from writer import CALL_LOST, Writer

PEOPLE = 6


@dataclasses.dataclass
class Options:
    pause: float = 0.08          # of each writer, between two sends
    repeats: float = 0.2         # how many of the acknowledged are sent again, with other words, on a device and over REST
    together: float = 0.1        # how many are sent on both devices at once
    restless: float = 5.0        # seconds after which some device reconnects; 0: never
    away: float = 0.0            # seconds that a device which reconnects is away
    guests: int = 0              # so many people who never connect make group 2 a large one (above 32 members)
    finish: float = 60.0         # seconds in which what is under way when the load ends must be known
    catch_up: float = 40.0       # and shown to everybody: gateways compare heads every 15 s
    give_up_at: float = float("inf")


class Workload:
    def __init__(self, api, seed, options=None):
        self.api, self.options, self.rng = api, options or Options(), random.Random(seed)
        self.history = History()
        self.people, self.talks, self.writers, self.visits, self.tasks = [], [], [], [], []

    async def __aenter__(self):
        asyncio.get_running_loop().set_default_executor(concurrent.futures.ThreadPoolExecutor(24))
        history, people = self.history, await make_people(self.api, self.history, PEOPLE)
        guests = await make_guests(self.api, self.options.guests)
        self.people = people
        self.talks = [await make_pair(history, 1, people[0], people[1]), await make_pair(history, 2, people[2], people[3]),
                      await make_group(history, 1, people[0], people[1:4], people[4]),
                      await make_group(history, 2, people[1], people[2:5], people[5], guests)]
        self.writers = [Writer(s, history, random.Random(self.rng.random()), self.options) for s in people]
        by_person = {w.someone.label: w for w in self.writers}
        self.visits = [Visits(talk, by_person[talk.visitor.label], history, random.Random(self.rng.random()))
                       for talk in self.talks if talk.visitor]
        for device in self.devices():
            device.away = self.options.away
        self.device_tasks = [asyncio.create_task(d.stay_connected()) for d in self.devices()]
        await self.until(lambda: all(d.wire for d in self.devices()), 30, "every device is connected")
        self.tasks = [asyncio.create_task(one.run()) for one in [*self.writers, *self.visits]]
        if self.options.restless:
            self.tasks.append(asyncio.create_task(self.reconnects()))
        return self

    async def __aexit__(self, kind, error, trace):
        for task in [*self.tasks, *self.device_tasks]:
            task.cancel()
        await asyncio.gather(*self.tasks, *self.device_tasks, return_exceptions=True)

    def devices(self):
        return [device for someone in self.people for device in someone.devices]

    def acknowledged(self):
        return len({a.key for a in self.history.answers if a.kind == "ack"})

    async def until(self, condition, seconds, what):
        deadline = now() + seconds
        while not condition():
            for task in [*self.tasks, *self.device_tasks]:
                if task.done():
                    task.result()  # raises what ended it
            assert now() < deadline, f"not within {seconds} s: {what}"
            await asyncio.sleep(0.02)

    async def every_writer_acknowledged_again(self, seconds=60):
        """Each writer got an ack for something first tried from now on."""
        since, seen = now(), len(self.history.answers)

        def done():
            writers = {a.key.sender for a in self.history.answers[seen:] if a.kind == "ack" and a.tried_at > since}
            return len(writers) == len(self.writers)
        await self.until(done, seconds, "every writer gets acks")

    async def reconnects(self):
        while True:
            await asyncio.sleep(self.options.restless * self.rng.uniform(0.1, 0.4))
            await self.rng.choice(self.devices()).reconnect()

    async def finish(self):
        """Ends the load, reads the store, waits until everybody was shown everything (or will never be), closes."""
        self.options.give_up_at = now() + self.options.finish
        for one in [*self.writers, *self.visits]:
            one.stopping = True
        if self.options.restless:
            self.tasks.pop().cancel()
        done = await asyncio.gather(*self.tasks, return_exceptions=True)  # each gives up in time
        self.history.unanswered += [str(d) for d in done if isinstance(d, asyncio.TimeoutError)]
        if broken := [d for d in done if isinstance(d, Exception) and not isinstance(d, asyncio.TimeoutError)]:
            raise broken[0]
        self.tasks = []
        self.history.ended_at = now()
        for talk in self.talks:
            self.history.stored[talk.id] = await self.read_store(talk)
        await self.caught_up()
        for device in self.devices():
            device.stopping = True
            if device.wire:
                device.wire.record.open_at_end = True
                await device.wire.close()
        await asyncio.gather(*self.device_tasks)
        return self.history

    async def read_store(self, talk):
        deadline = now() + self.options.finish
        while True:
            try:
                items = await read_history(talk.owner.person, talk.id)
                return [Stored(talk.id, m["seq"], m["rev"], m["message_id"], m["sender_id"], m["client_msg_id"], m["content"],
                               m["created_at"]) for m in items]
            except (*LOST, *CALL_LOST):
                if now() > deadline:
                    raise
                await asyncio.sleep(0.2)

    async def caught_up(self):
        """Waits for the devices; those that never get there are for the judge."""
        deadline, history = now() + self.options.catch_up, self.history
        owed = [(device, talk.id, history.owed(talk.id, someone.person.user_id))
                for someone in self.people for talk in someone.talks for device in someone.devices
                if history.surely_member(talk.id, someone.person.user_id, now(), now())]
        while now() < deadline:
            owed = [one for one in owed if one[0].wire is None or reached(one[0].wire.record, one[1]) < one[2]]
            if not owed:
                return
            await asyncio.sleep(0.05)


def reached(record, conversation):
    """The last rev that a connection was shown, or told to be the last."""
    for event in reversed(record.events):
        if event.kind == "message" and event.conversation == conversation:
            return event.rev
        if event.kind == "sync.done" and conversation in event.revs:
            return event.revs[conversation]
    return 0
