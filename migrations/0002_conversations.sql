-- The conversation side. Every key contains `bucket`: it is the row filter and the replica identity of a split. Rows
-- that change with every message or receipt have room on their page and no index on what changes (heap-only updates).
-- Times are milliseconds since 1970. ULIDs are kept as uuid, which sorts the same.

create table conversations (
  bucket smallint not null,
  conversation_id uuid not null,
  type smallint not null check (type in (0, 1)),          -- one_on_one, group
  name text not null default '',
  created_by uuid not null,
  created_ms bigint not null,
  last_seq bigint not null default 0,
  last_rev bigint not null default 0,
  last_ms bigint not null,                                -- of the last message; of the creation while there is none
  members_rev bigint not null default 1,
  member_count int not null,
  deleted boolean not null default false,
  primary key (bucket, conversation_id)
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05);

create table conversation_members (
  bucket smallint not null,
  conversation_id uuid not null,
  user_id uuid not null,
  role smallint not null check (role in (0, 1, 2)),       -- owner, admin, member
  joined_ms bigint not null,
  delivered_seq bigint not null default 0,
  read_seq bigint not null default 0,
  primary key (bucket, conversation_id, user_id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

create table messages (
  bucket smallint not null,
  conversation_id uuid not null,
  seq bigint not null,
  rev bigint not null,                                    -- of the creation, then of the last change
  message_id uuid not null,
  sender_id uuid not null,
  client_msg_id text not null,
  content text not null,
  type smallint not null,                                 -- text, media
  media_id uuid,
  reply_to_seq bigint,
  mentions uuid[],
  created_ms bigint not null,
  edited_ms bigint,
  deleted boolean not null default false,
  primary key (bucket, conversation_id, seq, created_ms)
) partition by range (created_ms);
create table messages_default partition of messages default;

-- A month a partition, from the last month to a year ahead: what lies beyond goes to the default one. Idempotent.
-- Answers how many it made.
create function chat_ensure_partitions() returns int language plpgsql security definer
  set search_path = public, pg_temp as $$
declare
  made int := 0;
  first timestamp;
  child text;
begin
  perform pg_advisory_xact_lock(1667785078, 0);
  for k in -1..12 loop
    first := date_trunc('month', now() at time zone 'UTC') + make_interval(months => k);
    child := to_char(first, '"messages_y"YYYY"m"MM');
    continue when to_regclass(child) is not null;
    begin
      execute format('create table %I partition of messages for values from (%s) to (%s)', child,
                     (extract(epoch from first) * 1000)::bigint,
                     (extract(epoch from first + interval '1 month') * 1000)::bigint);
      execute format('grant select on %I to chat', child);
      made := made + 1;
    exception when check_violation then
      raise warning 'rows of % are in messages_default: that month gets no partition', child;
    end;
  end loop;
  return made;
end $$;
select chat_ensure_partitions();

-- (conversation, sender, client_msg_id) is one message (I2). Apart from messages, since a unique key can not span
-- partitions, and stays when a member or a message goes.
create table message_keys (
  bucket smallint not null,
  conversation_id uuid not null,
  sender_id uuid not null,
  client_msg_id text not null,
  seq bigint not null,
  rev bigint not null,
  message_id uuid not null,
  created_ms bigint not null,
  primary key (bucket, conversation_id, sender_id, client_msg_id)
);

-- A rev that is no creation: an edit or a tombstone of `seq`. last_seq is the conversation's at that time, so the
-- message that rev X created has seq = last_seq + (X - rev) of the last change at or before X: no index by rev needed.
create table message_changes (
  bucket smallint not null,
  conversation_id uuid not null,
  rev bigint not null,
  seq bigint not null,
  last_seq bigint not null,
  primary key (bucket, conversation_id, rev)
);

-- What each device has confirmed.
create table device_cursors (
  bucket smallint not null,
  conversation_id uuid not null,
  user_id uuid not null,
  device_id text not null,
  rev bigint not null,
  primary key (bucket, conversation_id, user_id, device_id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

-- The id leads the key, for the reader. Ids are drawn under the conversation's row lock, so they ascend in commit order
-- inside a conversation.
create table outbox (
  id bigint generated always as identity,
  bucket smallint not null,
  conversation_id uuid not null,
  kind text not null,
  payload text not null,
  created_ms bigint not null default (extract(epoch from clock_timestamp()) * 1000)::bigint,
  primary key (id, bucket)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000);

-- Membership events name at most 500 users each, so a large group makes several.
create function chat_emit_members(p_bucket smallint, p_conversation uuid, p_kind text, p_users uuid[], p_members_rev bigint)
  returns void language sql as $$
  insert into outbox (bucket, conversation_id, kind, payload)
  select p_bucket, p_conversation, p_kind,
         json_build_object('members_rev', p_members_rev, 'user_ids', array_agg(u order by i))::text
  from unnest(p_users) with ordinality as t(u, i) group by (i - 1) / 500 order by (i - 1) / 500;
$$;

grant select on conversations, conversation_members, messages, messages_default, message_keys, message_changes,
  device_cursors, outbox to chat;
grant execute on function chat_ensure_partitions() to chat;
