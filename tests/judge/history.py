"""What is known of one run: what clients sent, what was answered, what every connection of every device saw and what the
store held afterwards. Only facts with their times (monotonic seconds of the one client process); the judging is in checks/."""
import dataclasses
import math
import typing


class Key(typing.NamedTuple):
    """What a message is to whoever sends it: repeats have the same."""
    conversation: str
    sender: str
    client_msg_id: str


class Try(typing.NamedTuple):
    key: Key
    content: str
    at: float
    via: str  # a device, or "REST"


class Answer(typing.NamedTuple):
    """Of one try. kind: ack, refused (`code` says why), or unknown (no answer, or one that says that it may have happened)."""
    key: Key
    kind: str
    tried_at: float
    at: float
    via: str
    code: str = ""
    seq: int = 0
    rev: int = 0
    message_id: str = ""
    server_timestamp: str = ""
    duplicate: bool = False


class Event(typing.NamedTuple):
    """One thing that a connection saw or did, in its order. kind: message · removed · added (the device's own user) ·
    sync (`revs`: what was asked for) · sync.done (`revs`: what was answered) · sync.failed."""
    at: float
    kind: str
    conversation: str = ""
    seq: int = 0
    rev: int = 0
    message_id: str = ""
    sender: str = ""
    client_msg_id: str = ""
    content: str = ""
    revs: typing.Optional[dict] = None


@dataclasses.dataclass
class Connection:
    user: str
    device: str
    number: int
    events: list = dataclasses.field(default_factory=list)
    open_at_end: bool = False


@dataclasses.dataclass
class Stay:
    """Someone's membership, from when to when: the change happened between asking for it and its answer."""
    conversation: str
    user: str
    since_asked: float
    since_answered: float
    until_asked: float = math.inf
    until_answered: float = math.inf

    def surely(self, begin, end):
        return self.since_answered <= begin and end <= self.until_asked

    def maybe(self, begin, end):
        return self.since_asked <= end and begin <= self.until_answered


class Stored(typing.NamedTuple):
    conversation: str
    seq: int
    rev: int
    message_id: str
    sender: str
    client_msg_id: str
    content: str
    created_at: str


class Reading(typing.NamedTuple):
    """Someone asked over REST for a conversation's messages."""
    conversation: str
    user: str
    asked_at: float
    at: float
    status: int


class Row(typing.NamedTuple):
    """A message as a shard's tables hold it. `owned`: that shard owns its bucket."""
    shard: str
    owned: bool
    stored: Stored


class Head(typing.NamedTuple):
    shard: str
    owned: bool
    conversation: str
    last_seq: int
    last_rev: int
    keys: int  # rows of the dedup table


class History:
    def __init__(self):
        self.names = {}        # id of a user or conversation -> what people call it
        self.stays = []
        self.tries = []
        self.answers = []
        self.connections = []
        self.readings = []
        self.stored = {}       # conversation -> [Stored], as a member reads it over REST
        self.rows = []         # the same from the shards' tables, where they were read
        self.heads = []
        self.ended_at = math.inf
        self.unanswered = []   # what was asked for again and again until the end, in words

    # ---- names for sentences
    def name(self, id_):
        return self.names.get(id_, id_)

    def message(self, key):
        return f"message {key.client_msg_id} of {self.name(key.sender)} in {self.name(key.conversation)}"

    def where(self, connection):
        return f"{connection.device} (connection {connection.number})"

    # ---- look-ups that several checks need
    def acks(self):
        return [a for a in self.answers if a.kind == "ack"]

    def stays_of(self, conversation, user):
        return [s for s in self.stays if s.conversation == conversation and s.user == user]

    def surely_member(self, conversation, user, begin, end):
        return any(s.surely(begin, end) for s in self.stays_of(conversation, user))

    def maybe_member(self, conversation, user, begin, end):
        return any(s.maybe(begin, end) for s in self.stays_of(conversation, user))

    def owed(self, conversation, user):
        """The last rev that a member of now must have been shown: of what was sent since they (last) joined."""
        joined = max((s.since_answered for s in self.stays_of(conversation, user)), default=math.inf)
        first_tried = self.first_tried()
        return max((m.rev for m in self.stored[conversation]
                    if first_tried.get(Key(conversation, m.sender, m.client_msg_id), -math.inf) > joined), default=0)

    def first_tried(self):
        first = {}
        for one in self.tries:
            first[one.key] = min(one.at, first.get(one.key, one.at))
        return first
