"""The shards' own tables, read with psql as their superuser: the truth behind what REST says."""
import json
import subprocess

import system_path  # noqa: F401
from cluster import eventually
from history import Head, Row, Stored

OWNED = "exists (select from bucket_owners o join shard_identity s on s.name = o.owner where o.bucket = t.bucket)"
MESSAGES = f"""select json_build_array({OWNED}, conversation_id, seq, rev, message_id, sender_id, client_msg_id, content,
  to_char(to_timestamp(created_ms / 1000.0) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
  from messages t where conversation_id in (%s) order by conversation_id, seq"""
HEADS = f"""select json_build_array({OWNED}, conversation_id, last_seq, last_rev,
  (select count(*) from message_keys k where k.bucket = t.bucket and k.conversation_id = t.conversation_id))
  from conversations t where conversation_id in (%s)"""
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def uuid_of(ulid):
    number = 0
    for letter in ulid:
        number = number * 32 + ALPHABET.index(letter)
    text = f"{number:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def ulid_of(uuid):
    number = int(uuid.replace("-", ""), 16)
    return "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


class Shards:
    def __init__(self, cluster):
        self.folder = cluster.dir / "clusters" / "demo"
        self.password = (self.folder / "secrets" / "postgres_superuser_password").read_text().strip()
        self.names = [s["name"] for s in json.loads((self.folder / "map.json").read_text())["shards"]]

    def run(self, shard, sql, **more):
        """One psql; raises with its message where it fails. Waits for a shard that is just starting."""
        return eventually(f"{shard} takes connections", lambda: self.try_to_run(shard, sql, more), 60)[0]

    def try_to_run(self, shard, sql, more):
        port = json.loads((self.folder / "ports.json").read_text())[shard]
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres",
                   "-d", "chat", "-c", sql]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, env={"PGPASSWORD": self.password,
                                                                                       "PATH": "/usr/bin:/bin"}, **more)
        if run.returncode == 0:
            return [run.stdout]
        error = f"{shard}: {run.stderr.strip()}"
        raise ConnectionError(error) if run.returncode == 2 else RuntimeError(error)

    def rows(self, shard, sql):
        return [json.loads(line) for line in self.run(shard, sql).splitlines()]

    def read_into(self, history):
        ids = ",".join(f"'{uuid_of(c)}'" for c in history.stored)
        for shard in self.names:
            for owned, conversation, seq, rev, message, sender, key, content, created in self.rows(shard, MESSAGES % ids):
                history.rows.append(Row(shard, owned, Stored(ulid_of(conversation), seq, rev, ulid_of(message), ulid_of(sender),
                                                             key, content, created)))
            for owned, conversation, last_seq, last_rev, keys in self.rows(shard, HEADS % ids):
                history.heads.append(Head(shard, owned, ulid_of(conversation), last_seq, last_rev, keys))
