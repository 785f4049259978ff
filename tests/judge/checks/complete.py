"""I4 complete: on a connection revs ascend without a gap (only a sync repeats), a sync brings all that was missed, and at
the end every member's device has seen everything."""
import collections

from . import Finding


def complete(history):
    findings = []
    for connection in history.connections:
        walk = Walk(history, connection)
        for event in connection.events:
            walk.step(event)
        findings += walk.findings + at_the_end(history, connection, walk)
    return findings + devices(history)


class Walk:
    """One connection's events in their order."""

    def __init__(self, history, connection):
        self.history, self.connection = history, connection
        self.last = {}                             # conversation -> rev that was shown last…
        self.sent = {}                             # …and when that was sent
        self.first_tried = history.first_tried()
        self.seen = collections.defaultdict(set)   # conversation -> revs, since the user is a member of it
        self.asked = []                            # syncs that are under way: (event, conversations it went back in)
        self.answered = {}                         # conversation -> rev that a sync.done named
        self.findings = []

    def step(self, event):
        if event.kind == "message":
            self.message(event)
        elif event.kind in ("removed", "added"):   # a new membership: it starts anywhere
            self.last.pop(event.conversation, None)
            self.seen.pop(event.conversation, None)
            self.answered.pop(event.conversation, None)
        elif event.kind == "sync":
            self.asked.append((event, set()))
        elif event.kind in ("sync.done", "sync.failed") and self.asked:
            asked = self.asked.pop(0)[0]
            if event.kind == "sync.done":
                self.done(asked, event)

    def say(self, conversation, text):
        self.findings.append(Finding("I4 complete", "missed", f"{self.history.where(self.connection)} {text} of "
                                                              f"{self.history.name(conversation)}"))

    def message(self, event):
        if self.interrupted(event):
            self.last.pop(event.conversation, None)
        last = self.last.get(event.conversation)
        goes_back = last is not None and event.rev <= last
        repeats = next((went_back for _, went_back in self.asked if event.conversation not in went_back), None)
        if goes_back and repeats is not None:
            repeats.add(event.conversation)
        elif goes_back:
            self.say(event.conversation, f"was shown rev {event.rev} (message {event.client_msg_id}) after rev {last}")
        elif last is not None and event.rev != last + 1:
            self.say(event.conversation, f"was shown rev {event.rev} (message {event.client_msg_id}) right after rev {last}: "
                                         f"it missed {event.rev - last - 1}")
        self.last[event.conversation] = event.rev
        self.sent[event.conversation] = self.first_tried.get((event.conversation, event.sender, event.client_msg_id), event.at)
        self.seen[event.conversation].add(event.rev)

    def interrupted(self, event):
        """Removed and added again since the last one was sent, also where the news of that was lost on its way."""
        since = self.sent.get(event.conversation, event.at)
        return any(s.until_asked <= event.at and s.until_answered >= since
                   for s in self.history.stays_of(event.conversation, self.connection.user))

    def done(self, asked, event):
        user = self.connection.user
        for conversation, since in asked.revs.items():
            member = self.history.surely_member(conversation, user, asked.at, event.at)
            if not member:
                continue
            if conversation not in event.revs:
                self.say(conversation, f"asked to sync from rev {since} and got no answer for it: that is a member's sync")
                continue
            upto = event.revs[conversation]
            missing = sorted(set(range(since + 1, upto + 1)) - self.seen[conversation])
            if missing:
                self.say(conversation, f"synced from rev {since} to rev {upto} and was not shown revs {missing[:5]}")
            acked = self.acknowledged(conversation, asked.at)
            if upto < acked:
                self.say(conversation, f"synced from rev {since} and was told that rev {upto} is the last, after rev {acked} "
                                       "had been acknowledged: a late answer")
        for conversation, rev in event.revs.items():
            self.answered[conversation] = rev

    def acknowledged(self, conversation, before):
        """The last rev that somebody had been told of before the sync was asked for."""
        return max((a.rev for a in self.history.acks() if a.key.conversation == conversation and a.at < before),
                   default=0)


def at_the_end(history, connection, walk):
    """Whoever is connected and a member when all is quiet has been shown the last change."""
    findings = []
    if not connection.open_at_end:
        return findings
    for conversation in history.stored:
        if not history.surely_member(conversation, connection.user, history.ended_at, history.ended_at):
            continue
        last = history.owed(conversation, connection.user)
        reached = max(walk.last.get(conversation, 0), walk.answered.get(conversation, 0))
        if reached < last:
            findings.append(Finding("I4 complete", "missed",
                                    f"{history.where(connection)} was shown rev {reached} of {history.name(conversation)} "
                                    f"at last, but rev {last} was sent meanwhile: {history.name(connection.user)} never hears of it"))
    return findings


def devices(history):
    """A device of somebody who was a member all the time has seen everything, over all its connections."""
    findings = []
    seen, users = collections.defaultdict(set), {}
    for connection in history.connections:
        users[connection.device] = connection.user
        for event in connection.events:
            if event.kind == "message":
                seen[connection.device, event.conversation].add(event.rev)
    for conversation, rows in history.stored.items():
        begun = min((s.since_asked for s in history.stays if s.conversation == conversation), default=0.0)
        for device, user in users.items():
            stays = history.stays_of(conversation, user)
            if not any(s.since_asked <= begun and s.until_asked > history.ended_at for s in stays):
                continue
            missed = [m for m in rows if m.rev not in seen[device, conversation]]
            if missed:
                m = missed[0]
                findings.append(Finding("I4 complete", "missed",
                                        f"{device} was never shown {len(missed)} of {len(rows)} changes of "
                                        f"{history.name(conversation)}, the first of them rev {m.rev}, message "
                                        f"{m.client_msg_id} of {history.name(m.sender)}"))
    return findings
