-- chat_write(), the same to its callers at half the cost of a small batch. Its statements are planned once a connection:
-- a plan for the arrays of each call took more than all the rest. Fewer steps: ownership is asked in the statement that
-- judges, two sorts are left of three, and only what is read more than once is put aside. A sender's membership is
-- looked up by the whole key, however large the group.

-- A conversation that was made after a batch had locked its rows, and that another batch has got hold of meanwhile: it
-- was numbered here without its lock. The caller tries again.
create function chat_raise_unlocked() returns boolean language plpgsql as $$
begin
  raise exception 'a conversation of this batch was made while it waited' using errcode = '40001';
end $$;

create or replace function chat_write(p_now bigint, p_buckets smallint[], p_conversations uuid[], p_senders uuid[],
                                      p_keys text[], p_contents text[], p_types smallint[], p_media uuid[],
                                      p_replies bigint[], p_mentions text[], p_randoms text[])
  returns table (kind int, seq bigint, rev bigint, message_id uuid, created_ms bigint, members_rev bigint,
                 member_count int, members uuid[], code text, why text, owner text, epoch bigint)
  language plpgsql security definer
  set search_path = public, pg_temp set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
  set enable_bitmapscan = off set jit = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  perform pg_advisory_xact_lock_shared(1667785076, s.slice)
  from (select distinct b / 64 as slice from unnest(p_buckets) b order by 1) s;
  -- Rows in one order, so that two batches never wait for each other in a ring.
  perform from (select distinct u.b, u.c from unnest(p_buckets, p_conversations) as u(b, c)) d
    join conversations c on c.bucket = d.b and c.conversation_id = d.c
    order by c.bucket, c.conversation_id for no key update of c;
  -- A new statement: it sees what was committed before the locks were ours.
  return query
  with timed as materialized (
    select n.*, greatest(p_now, n.last_ms + 1) + n.n - 1 as ms,
           case when n.fresh then (lpad(to_hex(greatest(p_now, n.last_ms + 1) + n.n - 1), 12, '0')
                                   || p_randoms[n.i])::uuid end as id
    from (select r.*, r.i = r.first_i as fresh,
                 count(*) filter (where r.i = r.first_i) over (partition by r.bucket, r.cid order by r.i) as n
          -- The first good one of several with one key is stored, those after it are its repeats.
          from (select j.*, min(j.i) filter (where j.verdict = 0)
                              over (partition by j.bucket, j.cid, j.sender, j.key) as first_i
                from (select u.*, o.owner, o.epoch, k.seq as k_seq, k.rev as k_rev, k.message_id as k_id,
                             k.created_ms as k_ms, c.last_seq, c.last_rev, c.last_ms, c.members_rev, c.member_count,
                             case when o.owner is distinct from (select s.name from shard_identity s) then 3
                                  when k.seq is not null then 1
                                  when c.bucket is null or m.user_id is null or u.reply < 1 or u.reply > c.last_seq then 2
                                  else 0 end as verdict,
                             c.bucket is not null and m.user_id is not null as is_member
                      from unnest(p_buckets, p_conversations, p_senders, p_keys, p_replies) with ordinality
                             as u(bucket, cid, sender, key, reply, i)
                      left join bucket_owners o on o.bucket = u.bucket
                      left join message_keys k on k.bucket = u.bucket and k.conversation_id = u.cid
                                              and k.sender_id = u.sender and k.client_msg_id = u.key
                      left join conversations c on c.bucket = u.bucket and c.conversation_id = u.cid and not c.deleted
                      left join conversation_members m on m.bucket = u.bucket and m.conversation_id = u.cid
                                                      and m.user_id = u.sender) j) r) n
  ),
  into_messages as (
    insert into messages (bucket, conversation_id, seq, rev, message_id, sender_id, client_msg_id, content, type,
                          media_id, reply_to_seq, mentions, created_ms)
    select t.bucket, t.cid, t.last_seq + t.n, t.last_rev + t.n, t.id, t.sender, t.key, p_contents[t.i], p_types[t.i],
           p_media[t.i], t.reply, p_mentions[t.i]::uuid[], t.ms
    from timed t where t.fresh
  ),
  into_keys as (
    insert into message_keys (bucket, conversation_id, sender_id, client_msg_id, seq, rev, message_id, created_ms)
    select t.bucket, t.cid, t.sender, t.key, t.last_seq + t.n, t.last_rev + t.n, t.id, t.ms from timed t where t.fresh
  ),
  into_outbox as (
    insert into outbox (bucket, conversation_id, kind, payload)
    select t.bucket, t.cid, 'message',
           '{"seq":' || t.last_seq + t.n || ',"rev":' || t.last_rev + t.n || ',"message_id":"' || t.id
             || '","sender_id":"' || t.sender || '"}'
    from timed t where t.fresh order by t.i
  ),
  into_conversations as (
    update conversations c set last_seq = h.last_seq + h.n, last_rev = h.last_rev + h.n, last_ms = h.ms
    from (select t.bucket, t.cid, max(t.last_seq) as last_seq, max(t.last_rev) as last_rev, max(t.n) as n, max(t.ms) as ms
          from timed t where t.fresh group by t.bucket, t.cid) h
    where c.bucket = h.bucket and c.conversation_id = h.cid and c.last_seq = h.last_seq
    returning 1
  )
  select a.answer,
         case when a.answer in (0, 1) then coalesce(a.k_seq, a.last_seq + a.o_n) end,
         case when a.answer in (0, 1) then coalesce(a.k_rev, a.last_rev + a.o_n) end,
         case when a.answer in (0, 1) then coalesce(a.k_id, a.o_id) end,
         case when a.answer in (0, 1) then coalesce(a.k_ms, a.o_ms) end,
         case when a.answer <> 3 then a.members_rev end, case when a.answer <> 3 then a.member_count end,
         case when a.fresh and a.n = 1 and a.member_count <= 32 then
           array(select m.user_id from conversation_members m where m.bucket = a.bucket and m.conversation_id = a.cid) end,
         case when a.answer = 2 then case when a.is_member then 'bad_request' else 'not_found' end end,
         case when a.answer = 2 then
           case when a.is_member then 'reply_to_seq must be the seq of a message that is there'
                else 'there is no such conversation among yours' end end,
         case when a.answer = 3 then a.owner end, case when a.answer = 3 then a.epoch end
  from (select t.*, case when t.fresh then 0 when t.i > t.first_i then 1 else t.verdict end as answer,
               case when t.i > t.first_i then (select p.n from timed p where p.i = t.first_i) else t.n end as o_n,
               case when t.i > t.first_i then (select p.id from timed p where p.i = t.first_i) else t.id end as o_id,
               case when t.i > t.first_i then (select p.ms from timed p where p.i = t.first_i) else t.ms end as o_ms
        from timed t) a
  where case when (select count(*) from into_conversations) = (select count(*) from timed t where t.fresh and t.n = 1)
             then true else chat_raise_unlocked() end
  order by a.i;
end $$;
