"""I3 order: seq runs from 1 without a hole, ids and times ascend with it, and every device is shown that same order."""
from . import Finding


def order(history):
    return stored_order(history) + heads_agree(history) + shown_order(history)


def stored_order(history):
    findings = []
    for conversation, rows in history.stored.items():
        where = history.name(conversation)
        for n, m in enumerate(rows):
            if m.seq != n + 1:
                findings.append(Finding("I3 order", "reordered",
                                        f"{where} has seq {m.seq} (message {m.client_msg_id} of {history.name(m.sender)}) "
                                        f"where seq {n + 1} belongs"))
                break  # all that follows is moved with it
        for before, m in zip(rows, rows[1:]):
            if m.message_id <= before.message_id or m.created_at <= before.created_at:
                findings.append(Finding("I3 order", "reordered",
                                        f"in {where} message_id and created_at do not ascend from seq {before.seq} "
                                        f"({before.message_id}, {before.created_at}) to seq {m.seq} ({m.message_id}, "
                                        f"{m.created_at})"))
    return findings


def heads_agree(history):
    """The shard's own count is the number of messages that it has (nothing is edited in these runs: rev is seq)."""
    findings = []
    for head in history.heads:
        if not head.owned:
            continue
        count = sum(r.shard == head.shard and r.stored.conversation == head.conversation for r in history.rows)
        if (head.last_seq, head.last_rev) != (count, count):
            findings.append(Finding("I3 order", "reordered",
                                    f"{head.shard} says that {history.name(head.conversation)} is at seq {head.last_seq}, rev "
                                    f"{head.last_rev}, but holds {count} messages of it"))
    return findings


def shown_order(history):
    findings = []
    at_seq = {(c, m.seq): m for c, rows in history.stored.items() for m in rows}
    known = {m.message_id for rows in history.stored.values() for m in rows}
    for connection in history.connections:
        for event in connection.events:
            if event.kind != "message" or event.message_id not in known:
                continue
            m = at_seq.get((event.conversation, event.seq))
            if m and (m.message_id, m.content, m.rev) == (event.message_id, event.content, event.rev):
                continue
            stored = f"has {m.client_msg_id} there (rev {m.rev}, {m.content!r})" if m else "has no such seq"
            findings.append(Finding("I3 order", "reordered",
                                    f"{history.where(connection)} was shown message {event.client_msg_id} of "
                                    f"{history.name(event.sender)} as seq {event.seq}, rev {event.rev} of "
                                    f"{history.name(event.conversation)} ({event.content!r}), but the store {stored}"))
    return findings
