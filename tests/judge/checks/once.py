"""I2 once: one (conversation, sender, client_msg_id) is one message, and every repeat gets the first answer."""
import collections

from . import Finding

REFUSALS = ("not_found", "forbidden", "bad_request", "conflict", "blocked")


def once(history):
    return stored_once(history) + first_answer(history) + first_content(history) + no_refusal_after_ack(history)


def stored_once(history):
    findings = []
    for conversation, rows in sources(history):
        counted = collections.Counter((m.sender, m.client_msg_id) for m in rows)
        for (sender, client_msg_id), count in counted.items():
            if count > 1:
                seqs = sorted(m.seq for m in rows if (m.sender, m.client_msg_id) == (sender, client_msg_id))
                findings.append(Finding("I2 once", "doubled",
                                        f"message {client_msg_id} of {history.name(sender)} is there {count} times in "
                                        f"{history.name(conversation)}: seqs {seqs}"))
    for head in history.heads:
        rows = [r for r in history.rows if r.shard == head.shard and r.stored.conversation == head.conversation]
        if head.keys != len(rows):
            findings.append(Finding("I2 once", "doubled",
                                    f"{head.shard} has {len(rows)} messages of {history.name(head.conversation)} but "
                                    f"{head.keys} keys against repeats"))
    return findings


def sources(history):
    """The store as members read it; and as the shards' tables hold it, all shards together."""
    yield from history.stored.items()
    tables = collections.defaultdict(list)
    for row in history.rows:
        if row.owned:
            tables[row.stored.conversation].append(row.stored)
    yield from tables.items()


def first_answer(history):
    findings, first = [], {}
    for ack in sorted(history.acks(), key=lambda a: a.at):
        facts = (ack.seq, ack.rev, ack.message_id, ack.server_timestamp)
        known, via = first.setdefault(ack.key, (facts, ack.via))
        if known != facts:
            findings.append(Finding("I2 once", "doubled",
                                    f"{history.message(ack.key)} was acknowledged to {via} as seq {known[0]}, rev {known[1]} "
                                    f"({known[2]}, {known[3]}) and again to {ack.via} as seq {facts[0]}, rev {facts[1]} "
                                    f"({facts[2]}, {facts[3]})"))
    return findings


def first_content(history):
    """What is stored is what some try said before the first answer came; and nothing is stored that nobody sent."""
    findings = []
    acked_at, tried = {}, collections.defaultdict(list)
    for ack in history.acks():
        acked_at[ack.key] = min(ack.at, acked_at.get(ack.key, ack.at))
    for one in history.tries:
        tried[one.key].append(one)
    for conversation, rows in history.stored.items():
        for m in rows:
            key = (conversation, m.sender, m.client_msg_id)
            tries = tried.get(key, [])
            good = {t.content for t in tries if t.at <= acked_at.get(key, t.at)}
            if m.content in good:
                continue
            said = "nobody sent it" if not tries else f"it says {m.content!r}, as only a later repeat did"
            findings.append(Finding("I2 once", "doubled",
                                    f"message {m.client_msg_id} of {history.name(m.sender)} is seq {m.seq} of "
                                    f"{history.name(conversation)}, but {said}"))
    return findings


def no_refusal_after_ack(history):
    """Also after its sender was removed a repeat gets the first answer."""
    findings, acked = [], {}
    for ack in history.acks():
        acked[ack.key] = min(ack.at, acked.get(ack.key, ack.at))
    for answer in history.answers:
        if answer.kind == "refused" and answer.code in REFUSALS and answer.tried_at > acked.get(answer.key, float("inf")):
            findings.append(Finding("I2 once", "refused",
                                    f"{history.message(answer.key)} was acknowledged, and its repeat on {answer.via} was "
                                    f"refused with {answer.code}"))
    return findings
