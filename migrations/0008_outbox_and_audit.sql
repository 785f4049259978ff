-- What chat-worker asks a shard.

-- One reader of a shard's outbox at a time: the claim is a session lock, gone with the reader's connection. Each read
-- takes it again, so that a reader whose connection was remade can not read beside another. 1667785077 follows 'chat'.
create function chat_outbox_read(p_limit int) returns setof outbox language plpgsql as $$
begin
  if not pg_try_advisory_lock(1667785077, 0) then
    raise exception 'the outbox is claimed by another reader' using errcode = 'CH004';
  end if;
  -- What is visible, by id; a row that commits later than a higher id is met by a later read, since done rows are
  -- removed and there is no position to pass it.
  return query
  select t.id, t.bucket, t.conversation_id, t.kind, t.payload, t.created_ms
  from (select o.*, sum(octet_length(o.payload)) over (order by o.id) - octet_length(o.payload) as before_it
        from (select * from outbox order by id limit p_limit) o) t
  where t.before_it <= 4194304 order by t.id;
end $$;

create function chat_outbox_remove(p_ids bigint[]) returns void language sql security definer
  set search_path = public, pg_temp set enable_seqscan = off as $$
  delete from outbox where id = any (p_ids)
$$;

create function chat_outbox_lag() returns table (waiting bigint, oldest_seconds double precision) language sql stable as $$
  select (select count(*) from (select from outbox order by id limit 100000) o),
         coalesce((select greatest(extract(epoch from clock_timestamp()) - o.created_ms / 1000.0, 0)
                   from outbox o order by o.id limit 1), 0)::double precision
$$;

-- Pages through this shard's memberships, in key order, with what the user side must say. Rows that are not (or no
-- longer) this shard's to speak for are marked, since the next page starts after them all the same.
create function chat_audit_members(p_bucket smallint, p_conversation uuid, p_user uuid, p_limit int)
  returns table (bucket smallint, conversation_id uuid, user_id uuid, members_rev bigint, joined_ms bigint, owned boolean)
  language plpgsql stable set enable_seqscan = off as $$
#variable_conflict use_column
begin
  return query
  select m.bucket, m.conversation_id, m.user_id, c.members_rev, m.joined_ms, o.owner = s.name and c.deleted is false
  from (select * from conversation_members k where (k.bucket, k.conversation_id, k.user_id) > (p_bucket, p_conversation, p_user)
        order by k.bucket, k.conversation_id, k.user_id limit p_limit) m
  join bucket_owners o on o.bucket = m.bucket cross join shard_identity s
  left join conversations c on c.bucket = m.bucket and c.conversation_id = m.conversation_id
  order by m.bucket, m.conversation_id, m.user_id;
end $$;

-- Pages through the user side's links of this shard, in key order.
create function chat_audit_links(p_bucket smallint, p_user uuid, p_conversation uuid, p_limit int)
  returns table (bucket smallint, user_id uuid, conversation_id uuid, members_rev bigint, owned boolean)
  language plpgsql stable set enable_seqscan = off as $$
#variable_conflict use_column
begin
  return query
  select l.bucket, l.user_id, l.conversation_id, l.members_rev, o.owner = s.name
  from (select * from user_conversations k where (k.bucket, k.user_id, k.conversation_id) > (p_bucket, p_user, p_conversation)
          and k.linked order by k.bucket, k.user_id, k.conversation_id limit p_limit) l
  join bucket_owners o on o.bucket = l.bucket cross join shard_identity s
  order by l.bucket, l.user_id, l.conversation_id;
end $$;

-- The user side of the asked pairs, in order: linked (null: no row) and its members_rev.
create function chat_links(p_buckets smallint[], p_users uuid[], p_conversations uuid[])
  returns table (linked boolean, members_rev bigint) language plpgsql stable set enable_seqscan = off as $$
#variable_conflict use_column
begin
  perform chat_check(p_buckets);
  return query
  select k.linked, k.members_rev from unnest(p_buckets, p_users, p_conversations) with ordinality as q(b, u, c, i)
  left join user_conversations k on k.bucket = q.b and k.user_id = q.u and k.conversation_id = q.c order by q.i;
end $$;

-- The conversation side of the asked pairs, in order: whether the user is a member, and members_rev (null: no such
-- conversation).
create function chat_memberships(p_buckets smallint[], p_conversations uuid[], p_users uuid[])
  returns table (is_member boolean, members_rev bigint) language plpgsql stable set enable_seqscan = off as $$
#variable_conflict use_column
begin
  perform chat_check(p_buckets);
  return query
  select m.user_id is not null, c.members_rev
  from unnest(p_buckets, p_conversations, p_users) with ordinality as q(b, c, u, i)
  left join conversations c on c.bucket = q.b and c.conversation_id = q.c
  left join conversation_members m on m.bucket = q.b and m.conversation_id = q.c and m.user_id = q.u order by q.i;
end $$;

grant execute on function chat_outbox_read(int), chat_outbox_remove(bigint[]), chat_outbox_lag(),
  chat_audit_members(smallint, uuid, uuid, int), chat_audit_links(smallint, uuid, uuid, int),
  chat_links(smallint[], uuid[], uuid[]), chat_memberships(smallint[], uuid[], uuid[]) to chat;
