"""The faults that are planted, where, and what happens meanwhile: some show only when something dies."""
import asyncio
import contextlib
import typing

from faults import Fault, inject
from move import find, move
from scenario import in_thread

DAEMON, SHARDS = "daemon", "shards"
A_SHARD = "a shard"  # that has a conversation of the load: not each has


class Plant(typing.NamedTuple):
    where: str                  # daemon: dataplane/base/planted.hpp · shards: SQL, run on each
    kills: tuple = ()
    moves: bool = False         # buckets move to the other shard meanwhile
    away: float = 0.0           # seconds that devices are away: what a sync brings is what they missed
    sql: tuple = ()             # (what chat_write says, what it says instead)
    role: str = ""              # how the daemons' role is altered


PLANTS = {
    "none": Plant("", ("messages-0", "shard-0"), moves=True),
    "ack_before_commit": Plant(DAEMON, ("messages-0",) * 4),
    "publish_before_commit": Plant(DAEMON, ("messages-0",) * 4),
    "unknown_outcome_acked": Plant(DAEMON, (A_SHARD,) * 4),
    "retry_answered_anew": Plant(DAEMON),
    "lost_publish_not_filled": Plant(DAEMON),
    "two_swapped_for_one_device": Plant(DAEMON),
    "removed_member_served": Plant(DAEMON),
    "sync_skips_one": Plant(DAEMON, away=0.4),
    "dedup_skipped": Plant(SHARDS, sql=(
        ("left join message_keys k on ", "left join message_keys k on false and "),
        ("t.id, t.ms from timed t where t.fresh", "t.id, t.ms from timed t where t.fresh on conflict do nothing"))),
    "hole_in_seq": Plant(SHARDS, sql=(("max(t.n) as n", "max(t.n) + (random() < 0.05)::int as n"),)),
    "stale_router_believed": Plant(SHARDS, moves=True, sql=(
        ("when o.owner is distinct from (select s.name from shard_identity s) then 3", "when false then 3"),)),
    "removed_member_may_send": Plant(SHARDS, sql=(
        ("when c.bucket is null or m.user_id is null or u.reply", "when c.bucket is null or u.reply"),)),
    "commit_not_flushed": Plant(SHARDS, (A_SHARD,) * 4, role="set synchronous_commit = off"),
}

CHANGE = """do $plant$ declare
  was text := pg_get_functiondef('chat_write'::regproc); f text := was;
begin
  %s
  execute f;
end $plant$"""
ONE = """if position($a$%s$a$ in f) = 0 then raise 'chat_write does not say: %%', $a$%s$a$; end if;
  f := replace(f, $a$%s$a$, $b$%s$b$);"""


class Planter:
    """Plants into one running cluster and takes away again, so that one serves for all faults."""

    def __init__(self, cluster, shards, file):
        self.cluster, self.shards, self.file = cluster, shards, file
        self.chat_write = {s: shards.run(s, "select pg_get_functiondef('chat_write'::regproc)") for s in shards.names}

    def plant(self, name):
        plant = PLANTS[name]
        self.file.write_text(name if plant.where == DAEMON else "")
        for shard in self.shards.names:
            if plant.sql:
                changes = "\n  ".join(ONE % (a, a, a, b) for a, b in plant.sql)
                self.shards.run(shard, CHANGE % changes)
            if plant.role:
                self.shards.run(shard, f"alter role chat {plant.role}")
        if plant.role:
            self.new_sessions()

    def take_away(self, name):
        plant = PLANTS[name]
        self.file.write_text("")
        for shard in self.shards.names:
            if plant.sql:
                self.shards.run(shard, self.chat_write[shard])
            if plant.role:
                self.shards.run(shard, "alter role chat reset all")
        if plant.role:
            self.new_sessions()

    def new_sessions(self):
        for shard in self.shards.names:
            self.shards.run(shard, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'chat'")

    async def happen(self, name, load):
        """What the fault needs to show itself, under load."""
        plant = PLANTS[name]
        await asyncio.sleep(1.5)
        for talk, target in zip(load.talks, plant.kills):
            if target == A_SHARD:
                target = (await in_thread(find, self.shards, talk.id))[0]
            await in_thread(inject, self.cluster, Fault("kill", target))
            with contextlib.suppress(AssertionError):  # the next one comes while people are writing again, if they ever are
                await load.every_writer_acknowledged_again(20)
            await asyncio.sleep(1.0)
        for talk in load.talks[::2] if plant.moves else ():
            await in_thread(move, self.shards, talk.id)
            await asyncio.sleep(1.0)
        await asyncio.sleep(1.5)
