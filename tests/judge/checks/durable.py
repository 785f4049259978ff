"""I1 durable: what was acknowledged, and what anybody was shown, is in the store."""
from . import Finding


def durable(history):
    findings = []
    by_key = {(m.conversation, m.sender, m.client_msg_id): m for rows in history.stored.values() for m in rows}
    for ack in history.acks():
        if ack.key.conversation not in history.stored:
            continue
        what = f"{history.message(ack.key)} was acknowledged to {ack.via} as seq {ack.seq}"
        stored = by_key.get(tuple(ack.key))
        if stored is None:
            findings.append(Finding("I1 durable", "lost", f"{what}, but the store has no such message"))
        elif (stored.seq, stored.message_id, stored.created_at) != (ack.seq, ack.message_id, ack.server_timestamp):
            findings.append(Finding("I1 durable", "lost",
                                    f"{what} ({ack.message_id}, {ack.server_timestamp}), but the store has it as seq "
                                    f"{stored.seq} ({stored.message_id}, {stored.created_at})"))
    return findings + shown_and_not_stored(history)


def shown_and_not_stored(history):
    findings = []
    ids = {m.message_id for rows in history.stored.values() for m in rows}
    for connection in history.connections:
        for event in connection.events:
            if event.kind != "message" or event.conversation not in history.stored or event.message_id in ids:
                continue
            findings.append(Finding(
                "I1 durable", "lost",
                f"{history.where(connection)} was shown message {event.client_msg_id} of {history.name(event.sender)} as "
                f"seq {event.seq} of {history.name(event.conversation)} ({event.message_id}), but the store has no such "
                "message"))
    return findings
