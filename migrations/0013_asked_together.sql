-- What a sign-on asks, for many at once: those who come while one question is under way are asked for together. `item` is
-- the number of the one that a row belongs to, from 1 on.

-- The newest p_limit conversations of each user.
create function chat_conversations_of_each(p_buckets smallint[], p_users uuid[], p_limit int)
  returns table (item bigint, conversation_id uuid) language plpgsql stable
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
  set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  perform chat_check(p_buckets);
  return query
  select q.item, k.conversation_id
  from unnest(p_buckets, p_users) with ordinality as q(bucket, user_id, item)
  cross join lateral (
    select u.conversation_id, u.joined_ms from user_conversations u
    where u.bucket = q.bucket and u.user_id = q.user_id and u.linked
    order by u.joined_ms desc, u.conversation_id desc limit p_limit) k
  order by q.item, k.joined_ms desc, k.conversation_id desc;
end $$;

-- The head of each conversation, where it is that user's.
create function chat_heads_of_each(p_buckets smallint[], p_users uuid[], p_ids uuid[])
  returns table (item bigint, conversation_id uuid, last_seq bigint, last_rev bigint, members_rev bigint,
                 member_count int) language plpgsql stable
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
  set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  perform chat_check(p_buckets);
  return query
  select q.item, c.conversation_id, c.last_seq, c.last_rev, c.members_rev, c.member_count
  from unnest(p_buckets, p_users, p_ids) with ordinality as q(bucket, user_id, id, item)
  join conversations c on c.bucket = q.bucket and c.conversation_id = q.id and not c.deleted
  join conversation_members m on m.bucket = c.bucket and m.conversation_id = c.conversation_id
                             and m.user_id = q.user_id;
end $$;

grant execute on function chat_conversations_of_each(smallint[], uuid[], int),
  chat_heads_of_each(smallint[], uuid[], uuid[]) to chat;
