-- Receipts only go forward; read implies delivered. A batch is one call and answers a row per receipt, in order:
-- `moved` is false for what was known before, also by an earlier receipt of the batch. kind: 0 delivered, 1 read. `rev`
-- is what the device has confirmed. `members` comes with the first moved receipt of a conversation that is small.
create function chat_record_receipts(p_buckets smallint[], p_conversations uuid[], p_users uuid[], p_devices text[],
                                     p_seqs bigint[], p_revs bigint[], p_kinds smallint[])
  returns table (moved boolean, last_seq bigint, last_rev bigint, members_rev bigint, member_count int,
                 members uuid[], code text, why text)
  language plpgsql security definer
  set search_path = public, pg_temp set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
  set enable_bitmapscan = off set jit = off as $$
#variable_conflict use_column
begin
  perform chat_enter(p_buckets);
  perform from (select distinct t.b, t.c, t.u from unnest(p_buckets, p_conversations, p_users) as t(b, c, u)) d
    join conversation_members m on m.bucket = d.b and m.conversation_id = d.c and m.user_id = d.u
    order by m.bucket, m.conversation_id, m.user_id for no key update of m;
  return query
  with judged as materialized (
    select r.*, c.last_seq, c.last_rev, c.members_rev, c.member_count, m.delivered_seq, m.read_seq,
           case when m.user_id is null then 'not_found'
                when r.seq > c.last_seq or r.rev > c.last_rev then 'bad_request' end as code
    from unnest(p_buckets, p_conversations, p_users, p_devices, p_seqs, p_revs, p_kinds) with ordinality
           as r(bucket, cid, uid, device, seq, rev, kind, i)
    left join conversations c on c.bucket = r.bucket and c.conversation_id = r.cid and not c.deleted
    left join conversation_members m on m.bucket = c.bucket and m.conversation_id = c.conversation_id
                                    and m.user_id = r.uid
  ),
  compared as materialized (
    select j.*,
           j.code is null and (
             j.seq > greatest(j.delivered_seq, max(j.seq) filter (where j.code is null) over before)
             or j.kind = 1
                and j.seq > greatest(j.read_seq, max(j.seq) filter (where j.code is null and j.kind = 1) over before))
             as goes_on
    from judged j
    window before as (partition by j.bucket, j.cid, j.uid order by j.i rows between unbounded preceding and 1 preceding)
  ),
  into_members as (
    update conversation_members m
    set delivered_seq = greatest(m.delivered_seq, n.delivered), read_seq = greatest(m.read_seq, n.read)
    from (select bucket, cid, uid, max(seq) as delivered, max(seq) filter (where kind = 1) as read
          from compared where goes_on group by bucket, cid, uid) n
    where m.bucket = n.bucket and m.conversation_id = n.cid and m.user_id = n.uid
  ),
  into_cursors as (
    insert into device_cursors as d (bucket, conversation_id, user_id, device_id, rev)
    select bucket, cid, uid, device, max(rev) from compared where code is null and kind = 0 and rev is not null and device <> ''
    group by bucket, cid, uid, device order by bucket, cid, uid, device
    on conflict (bucket, conversation_id, user_id, device_id) do update set rev = excluded.rev where d.rev < excluded.rev
  )
  select v.goes_on, v.last_seq, v.last_rev, v.members_rev, v.member_count,
         case when v.goes_on and v.i = v.first_i then chat_small_membership(v.bucket, v.cid, v.member_count) end,
         v.code,
         case v.code when 'not_found' then 'there is no such conversation among yours'
                     when 'bad_request' then 'seq and rev of a receipt can not be past the conversation''s last' end
  from (select k.*, min(k.i) filter (where k.goes_on) over (partition by k.bucket, k.cid) as first_i from compared k) v
  order by v.i;
end $$;

grant execute on function chat_record_receipts(smallint[], uuid[], uuid[], text[], bigint[], bigint[], smallint[]) to chat;
