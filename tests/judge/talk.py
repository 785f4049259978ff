"""Who talks with whom: people with two devices each, pairs, groups with a visitor who comes and goes, and a hall."""
import asyncio
import dataclasses

import system_path  # noqa: F401
from chat import PASSWORD, PREFIX, Person, counter, rest
from device import Device, now
from history import Stay


@dataclasses.dataclass
class Someone:
    person: Person
    label: str
    devices: list
    talks: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Talk:
    id: str
    label: str
    owner: Someone
    members: list          # who stay from the beginning to the end
    visitor: Someone = None


async def make_people(api, history, count):
    turn = asyncio.Semaphore(2)

    async def one(n):
        async with turn:
            phone = await Person.make(api)
            laptop = await Person.sign_in(api, phone.name)
        label = f"person{n}"
        history.names[phone.user_id] = label
        return Someone(phone, label, [Device(phone, f"{label}/phone", history), Device(laptop, f"{label}/laptop", history)])
    return await asyncio.gather(*(one(n) for n in range(count)))


async def make_pair(history, n, left, right):
    asked = now()
    id_ = await left.person.talk_to(right.person)
    return known(history, Talk(id_, f"pair {n}", left, [left, right]), asked)


async def make_group(history, n, owner, others, visitor, guests=()):
    """`guests` are user ids of people who never connect: they make the group large."""
    asked = now()
    ids = [s.person.user_id for s in [*others, visitor] if s] + list(guests)
    made = await owner.person.ok("POST", "/v1/groups", {"name": f"group {n}", "member_ids": ids})
    return known(history, Talk(made["conversation_id"], f"group {n}", owner, [owner, *others], visitor), asked)


async def make_guests(api, count):
    turn = asyncio.Semaphore(2)  # each costs the server a bcrypt

    async def one():
        async with turn:
            answer = await rest(api, "POST", "/v1/auth/register",
                                {"username": f"{PREFIX}_{next(counter)}", "password": PASSWORD})
        assert answer.status == 201, (answer.status, answer.text)
        return answer.json["user_id"]
    return await asyncio.gather(*(one() for _ in range(count)))


def known(history, talk, asked):
    history.names[talk.id] = talk.label
    for someone in [*talk.members, talk.visitor]:
        if someone is None:
            continue
        history.stays.append(Stay(talk.id, someone.person.user_id, asked, now()))
        someone.talks.append(talk)
        for device in someone.devices:
            device.know(talk.id)
    return talk
