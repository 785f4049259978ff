"""Moves a conversation's bucket to another shard under load, as a split does at its end: fenced at the source, copied, owned
at the target (I5). With SQL only: this tests the data plane."""
from shards import uuid_of

TABLES = """select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'bucket'
  where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace
  and c.relname not in ('outbox', 'bucket_owners') order by 1"""


def find(shards, conversation):
    """The shard that owns it, its bucket and the bucket's epoch."""
    for shard in shards.names:
        found = shards.rows(shard, f"""select json_build_array(t.bucket, o.epoch) from conversations t
          join bucket_owners o on o.bucket = t.bucket join shard_identity s on s.name = o.owner
          where conversation_id = '{uuid_of(conversation)}'""")
        if found:
            return shard, *found[0]
    raise LookupError(conversation)


def move(shards, conversation):
    source, bucket, epoch = find(shards, conversation)
    target = next(s for s in shards.names if s != source)
    own = f"select chat_own({bucket}, {bucket}, '{target}', {epoch + 1})"
    shards.run(source, own)  # waits for the writers that are inside; from now on nobody writes it anywhere
    for table in shards.run(source, TABLES).split():
        rows = shards.run(source, f"copy (select * from {table} where bucket = {bucket}) to stdout")
        shards.run(target, f"delete from {table} where bucket = {bucket}")  # of an earlier move
        shards.run(target, f"copy {table} from stdin", input=rows)
    shards.run(target, own)
    return f"{source} to {target}, epoch {epoch + 1}"
