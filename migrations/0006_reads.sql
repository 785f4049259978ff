-- Reads. Each is stable: ownership, membership and rows are seen in one snapshot.

create type chat_message as (message_id uuid, seq bigint, rev bigint, sender_id uuid, client_msg_id text, content text,
                             type smallint, media_id uuid, reply_to_seq bigint, mentions uuid[], created_ms bigint,
                             edited_ms bigint, deleted boolean);

-- The conversation as its member sees it; refuses everyone else.
create function chat_for_member(p_bucket smallint, p_id uuid, p_viewer uuid) returns conversations
  language plpgsql stable as $$
declare
  c conversations;
begin
  perform chat_check(array[p_bucket]);
  select k.* into c from conversations k
    join conversation_members m on m.bucket = k.bucket and m.conversation_id = k.conversation_id
  where k.bucket = p_bucket and k.conversation_id = p_id and m.user_id = p_viewer and not k.deleted;
  if not found then
    perform chat_refuse('not_found', 'there is no such conversation among yours');
  end if;
  return c;
end $$;

-- Messages p_low … p_high by seq: at most 200 asked for. The page is cut at about 1 MiB of content, at least one message
-- long; p_from_end cuts its beginning.
create function chat_page(c conversations, p_low bigint, p_high bigint, p_from_end boolean) returns setof chat_message
  language plpgsql stable set enable_seqscan = off as $$
begin
  return query
  select t.message_id, t.seq, t.rev, t.sender_id, t.client_msg_id, t.content, t.type, t.media_id, t.reply_to_seq,
         t.mentions, t.created_ms, t.edited_ms, t.deleted
  from (select m.*, sum(octet_length(m.content) + 200) over (order by case when p_from_end then -m.seq else m.seq end)
                 - octet_length(m.content) as before_it
        from messages m
        where m.bucket = c.bucket and m.conversation_id = c.conversation_id and m.seq between p_low and p_high
          and m.created_ms between c.created_ms and c.last_ms) t
  where t.before_it <= 1048576 order by t.seq;
end $$;

create function chat_history(p_bucket smallint, p_id uuid, p_viewer uuid, p_before bigint, p_after bigint, p_limit int)
  returns table (last_seq bigint, m chat_message) language plpgsql stable as $$
#variable_conflict use_column
declare
  c conversations := chat_for_member(p_bucket, p_id, p_viewer);
  upper_end bigint;
begin
  if p_after is not null then
    if p_after < c.last_seq then
      return query select c.last_seq, p from chat_page(c, p_after + 1, least(p_after + p_limit, c.last_seq), false) p;
    end if;
  else
    upper_end := least(coalesce(p_before - 1, c.last_seq), c.last_seq);
    return query select c.last_seq, p from chat_page(c, greatest(upper_end - p_limit + 1, 1), upper_end, true) p;
  end if;
end $$;

-- Every rev after p_after_rev, at most p_limit, cut at about 1 MiB: the message it made or changed, as it is now. The first
-- row has no message and is the head.
create function chat_changes(p_bucket smallint, p_id uuid, p_viewer uuid, p_after_rev bigint, p_limit int)
  returns table (last_seq bigint, last_rev bigint, members_rev bigint, member_count int, at_rev bigint, m chat_message)
  language plpgsql stable set enable_seqscan = off as $$
#variable_conflict use_column
declare
  c conversations := chat_for_member(p_bucket, p_id, p_viewer);
  changes_before bigint;
begin
  return query select c.last_seq, c.last_rev, c.members_rev, c.member_count, null::bigint, null::chat_message;
  if p_after_rev >= c.last_rev then
    return;
  end if;
  -- Of the revs up to p_after_rev those that made no message: a creation's seq is its rev less the changes before it.
  select coalesce((select k.rev - k.last_seq from message_changes k
                   where k.bucket = p_bucket and k.conversation_id = p_id and k.rev <= p_after_rev
                   order by k.rev desc limit 1), 0) into changes_before;
  return query
  with revs as materialized (
    select r.rev, coalesce(k.seq, r.rev - changes_before - count(k.rev) over (order by r.rev)) as seq
    from generate_series(p_after_rev + 1, least(p_after_rev + p_limit, c.last_rev)) r(rev)
    left join message_changes k on k.bucket = p_bucket and k.conversation_id = p_id and k.rev = r.rev)
  select null::bigint, null::bigint, null::bigint, null::int, t.rev,
         (t.message_id, t.seq, t.rev, t.sender_id, t.client_msg_id, t.content, t.type, t.media_id, t.reply_to_seq,
          t.mentions, t.created_ms, t.edited_ms, t.deleted)::chat_message
  from (select r.rev, x.message_id, x.seq, x.sender_id, x.client_msg_id, x.content, x.type, x.media_id, x.reply_to_seq,
               x.mentions, x.created_ms, x.edited_ms, x.deleted,
               sum(octet_length(x.content) + 200) over (order by r.rev) - octet_length(x.content) as before_it
        from revs r join messages x on x.bucket = p_bucket and x.conversation_id = p_id and x.seq = r.seq
                                   and x.created_ms between c.created_ms and c.last_ms) t
  where t.before_it <= 1048576 order by t.rev;
end $$;

-- Those of the asked conversations that are the user's. `unread` is exact over the newest 10,000 messages; older ones
-- after read_seq count whoever sent them, so that one far-behind reader costs a bounded scan.
create function chat_summaries(p_user uuid, p_buckets smallint[], p_ids uuid[], p_with_last boolean)
  returns table (conversation_id uuid, type smallint, name text, created_by uuid, created_ms bigint, last_seq bigint,
                 last_rev bigint, members_rev bigint, member_count int, last_ms bigint, my_role smallint,
                 read_seq bigint, unread bigint, other_user_id uuid, last chat_message)
  language plpgsql stable set enable_seqscan = off as $$
#variable_conflict use_column
begin
  perform chat_check(p_buckets);
  return query
  select c.conversation_id, c.type, c.name, c.created_by, c.created_ms, c.last_seq, c.last_rev, c.members_rev,
         c.member_count, c.last_ms, m.role, m.read_seq,
         greatest(c.last_seq - 10000 - m.read_seq, 0) +
           (select count(*) from messages x
            where x.bucket = c.bucket and x.conversation_id = c.conversation_id
              and x.seq > greatest(m.read_seq, c.last_seq - 10000) and x.seq <= c.last_seq
              and x.created_ms between c.created_ms and c.last_ms and x.sender_id <> p_user and not x.deleted),
         case when c.type = 0 then (select o.user_id from conversation_members o where o.bucket = c.bucket
                                      and o.conversation_id = c.conversation_id and o.user_id <> p_user limit 1) end,
         case when p_with_last then (select p from chat_page(c, c.last_seq, c.last_seq, true) p) end
  from unnest(p_buckets, p_ids) as q(bucket, id)
  join conversations c on c.bucket = q.bucket and c.conversation_id = q.id and not c.deleted
  join conversation_members m on m.bucket = c.bucket and m.conversation_id = c.conversation_id and m.user_id = p_user;
end $$;

-- p_user null: without a viewer, for gateways.
create function chat_heads(p_user uuid, p_buckets smallint[], p_ids uuid[])
  returns table (conversation_id uuid, last_seq bigint, last_rev bigint, members_rev bigint, member_count int)
  language plpgsql stable set enable_seqscan = off as $$
#variable_conflict use_column
begin
  perform chat_check(p_buckets);
  return query
  select c.conversation_id, c.last_seq, c.last_rev, c.members_rev, c.member_count
  from unnest(p_buckets, p_ids) as q(bucket, id)
  join conversations c on c.bucket = q.bucket and c.conversation_id = q.id
  where p_user is null or not c.deleted and exists (
    select from conversation_members m
    where m.bucket = c.bucket and m.conversation_id = c.conversation_id and m.user_id = p_user);
end $$;

create function chat_members(p_bucket smallint, p_id uuid, p_viewer uuid, p_after uuid, p_limit int)
  returns table (user_id uuid, role smallint, joined_ms bigint, delivered_seq bigint, read_seq bigint)
  language plpgsql stable as $$
#variable_conflict use_column
begin
  perform chat_for_member(p_bucket, p_id, p_viewer);
  return query
  select m.user_id, m.role, m.joined_ms, m.delivered_seq, m.read_seq from conversation_members m
  where m.bucket = p_bucket and m.conversation_id = p_id and (p_after is null or m.user_id > p_after)
  order by m.user_id limit p_limit;
end $$;

-- One row; members are those of the asked users who are. No row: no such conversation.
create function chat_membership(p_bucket smallint, p_id uuid, p_users uuid[])
  returns table (last_seq bigint, last_rev bigint, members_rev bigint, member_count int, members uuid[])
  language plpgsql stable set enable_seqscan = off as $$
#variable_conflict use_column
begin
  perform chat_check(array[p_bucket]);
  return query
  select c.last_seq, c.last_rev, c.members_rev, c.member_count,
         array(select m.user_id from unnest(p_users) u join conversation_members m
               on m.bucket = p_bucket and m.conversation_id = p_id and m.user_id = u)
  from conversations c where c.bucket = p_bucket and c.conversation_id = p_id;
end $$;

create function chat_cursors(p_user uuid, p_device text, p_buckets smallint[], p_ids uuid[])
  returns table (conversation_id uuid, rev bigint) language plpgsql stable set enable_seqscan = off as $$
#variable_conflict use_column
begin
  perform chat_check(p_buckets);
  return query
  select d.conversation_id, d.rev from unnest(p_buckets, p_ids) as q(bucket, id)
  join device_cursors d on d.bucket = q.bucket and d.conversation_id = q.id
                       and d.user_id = p_user and d.device_id = p_device;
end $$;

grant execute on function chat_raise_moved(smallint), chat_refuse(text, text), chat_check(smallint[]),
  chat_for_member(smallint, uuid, uuid), chat_page(conversations, bigint, bigint, boolean),
  chat_history(smallint, uuid, uuid, bigint, bigint, int), chat_changes(smallint, uuid, uuid, bigint, int),
  chat_summaries(uuid, smallint[], uuid[], boolean), chat_heads(uuid, smallint[], uuid[]),
  chat_members(smallint, uuid, uuid, uuid, int), chat_membership(smallint, uuid, uuid[]),
  chat_cursors(uuid, text, smallint[], uuid[]) to chat;
