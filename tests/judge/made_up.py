"""A history as a working system makes it, small enough to read, for the tests of the checks to spoil.

ann (phone, laptop) and bob (phone) talk in "the pair". ann, bob and eve (phone) are in "the group": eve is removed between
g2 and g3 and added again before g4. bob's phone loses its connection after seq 2 of the pair and syncs. ann repeats p1."""
from history import Answer, Connection, Event, Head, History, Key, Row, Stay, Stored, Try

PAIR, GROUP = "C1", "C2"
REMOVED, ADDED, END = 30.0, 40.0, 60.0


def stored(conversation, seq, sender, client_msg_id):
    return Stored(conversation, seq, seq, f"ID-{conversation}-{seq}", sender, client_msg_id, f"{client_msg_id} says hello",
                  f"2026-01-01T00:00:0{seq}.000Z")


def shown(message, at):
    return Event(at, "message", message.conversation, message.seq, message.rev, message.message_id, message.sender,
                 message.client_msg_id, message.content)


def ack(message, tried_at, via, duplicate=False):
    return Answer(Key(message.conversation, message.sender, message.client_msg_id), "ack", tried_at, tried_at + 0.5, via, "",
                  message.seq, message.rev, message.message_id, message.created_at, duplicate)


def good():
    history = History()
    history.names = {PAIR: "the pair", GROUP: "the group", "A": "ann", "B": "bob", "E": "eve"}
    history.stays = [Stay(PAIR, user, 0, 1) for user in "AB"] + [Stay(GROUP, user, 2, 3) for user in "AB"]
    history.stays += [Stay(GROUP, "E", 2, 3, REMOVED, REMOVED + 1), Stay(GROUP, "E", ADDED, ADDED + 1)]
    history.ended_at = END

    pair = [stored(PAIR, n, sender, f"p{n}") for n, sender in enumerate("ABAB", 1)]
    group = [stored(GROUP, n, sender, f"g{n}") for n, sender in enumerate("AEBA", 1)]
    sent_at = {**{m: 10.0 + 2 * m.seq for m in pair}, **dict(zip(group, (20.0, 22.0, 35.0, 45.0)))}
    history.stored = {PAIR: pair, GROUP: group}
    device = {"A": "ann/phone", "B": "bob/phone", "E": "eve/phone"}
    for m in pair + group:
        history.tries.append(Try(Key(m.conversation, m.sender, m.client_msg_id), m.content, sent_at[m], device[m.sender]))
        history.answers.append(ack(m, sent_at[m], device[m.sender]))
        history.rows.append(Row(f"shard-{m.conversation == GROUP:d}", True, m))
    history.heads = [Head("shard-0", True, PAIR, 4, 4, 4), Head("shard-1", True, GROUP, 4, 4, 4)]
    history.tries.append(Try(Key(PAIR, "A", "p1"), "other words", 50.0, "ann/laptop"))
    history.answers.append(ack(pair[0], 50.0, "ann/laptop", duplicate=True))
    history.answers.append(Answer(Key(GROUP, "E", "g-refused"), "refused", 33.0, 33.5, "eve/phone", "not_found"))
    history.answers.append(ack(group[1], 34.0, "eve/phone", duplicate=True))

    def live(messages):
        return [shown(m, sent_at[m] + 0.3) for m in messages]
    by_time = sorted(pair + group, key=sent_at.get)
    phone = Connection("A", "ann/phone", 1, live(by_time), True)
    laptop = Connection("A", "ann/laptop", 2, live(by_time), True)
    first = Connection("B", "bob/phone", 3, live(pair[:2]))
    second = Connection("B", "bob/phone", 4, [
        shown(pair[2], 16.0), Event(16.1, "sync", revs={PAIR: 2, GROUP: 0}), shown(pair[2], 16.3),
        Event(16.4, "sync.done", revs={PAIR: 3, GROUP: 0}), shown(pair[3], 18.3)] + live(group), True)
    eve = Connection("E", "eve/phone", 5, live(group[:2]) + [
        Event(REMOVED + 0.5, "removed", GROUP), Event(ADDED + 0.5, "added", GROUP)] + live(group[3:]), True)
    history.connections = [phone, laptop, first, second, eve]
    return history
