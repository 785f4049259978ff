"""I6 members only: nobody but members is shown anything, sends or reads; and members are not turned away."""
from . import Finding

TURNED_AWAY = ("not_found", "forbidden")


def members_only(history):
    first_tried, findings = history.first_tried(), []
    for connection in history.connections:
        findings += shown(history, connection, first_tried)
    return findings + sends(history) + readings(history)


def shown(history, connection, first_tried):
    findings, removed, asked = [], {}, []
    user = connection.user
    for event in connection.events:
        if event.kind == "removed":
            if not back_again(history, event.conversation, user, event.at):
                removed[event.conversation] = event.at
        elif event.kind == "added":
            removed.pop(event.conversation, None)
        elif event.kind == "message":
            if event.conversation in removed and back_again(history, event.conversation, user, event.at):
                removed.pop(event.conversation)  # only the news of that was lost
            told = removed.get(event.conversation)
            sent = first_tried.get((event.conversation, event.sender, event.client_msg_id), event.at)
            never = not history.maybe_member(event.conversation, user, sent, event.at)
            if told is None and not never:
                continue
            why = "after it was told of the removal" if told is not None else "and was not a member since it was sent"
            findings.append(Finding("I6 members only", "leaked",
                                    f"{history.where(connection)} of {history.name(user)} was shown seq {event.seq} of "
                                    f"{history.name(event.conversation)} (message {event.client_msg_id} of "
                                    f"{history.name(event.sender)}) {why}"))
        elif event.kind == "sync":
            asked.append(event.at)
        elif event.kind == "sync.failed":
            asked = asked[1:]
        elif event.kind == "sync.done":
            asked_at, asked = asked[0] if asked else event.at, asked[1:]
            for conversation in event.revs:
                if not history.maybe_member(conversation, user, asked_at, event.at):
                    findings.append(Finding("I6 members only", "leaked",
                                            f"{history.where(connection)} of {history.name(user)} got a sync of "
                                            f"{history.name(conversation)} and is no member"))
    return findings


def back_again(history, conversation, user, at):
    """A member again, as far as anybody knows: the word of the removal that comes now is an old one."""
    return any(s.since_asked <= at <= s.until_asked for s in history.stays_of(conversation, user))


def sends(history):
    findings = []
    for answer in history.answers:
        conversation, user, _ = answer.key
        if answer.kind == "ack" and not answer.duplicate:
            if not history.maybe_member(conversation, user, answer.tried_at, answer.at):
                findings.append(Finding("I6 members only", "leaked",
                                        f"{history.message(answer.key)} was accepted on {answer.via} as seq {answer.seq} and "
                                        "its sender is no member"))
        elif answer.kind == "refused" and answer.code in TURNED_AWAY:
            if history.surely_member(conversation, user, answer.tried_at, answer.at):
                findings.append(Finding("I6 members only", "refused",
                                        f"{history.message(answer.key)} was refused on {answer.via} with {answer.code} and its "
                                        "sender is a member"))
    return findings


def readings(history):
    findings = []
    for reading in history.readings:
        span = (reading.conversation, reading.user, reading.asked_at, reading.at)
        who = f"{history.name(reading.user)} read {history.name(reading.conversation)} over REST"
        if reading.status == 200 and not history.maybe_member(*span):
            findings.append(Finding("I6 members only", "leaked", f"{who} and is no member"))
        elif reading.status in (403, 404) and history.surely_member(*span):
            findings.append(Finding("I6 members only", "refused", f"{who}, was answered {reading.status} and is a member"))
    return findings
