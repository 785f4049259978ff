-- Making conversations and changing who is in them. Every change of members takes the conversation's row lock, raises
-- members_rev and writes outbox rows, from which the user side is made to agree. Members' rows are locked in the
-- order of their ids, as receipts do.

create type chat_change as (last_seq bigint, last_rev bigint, members_rev bigint, member_count int,
                            changed uuid[], members uuid[]);

-- The members, where a message of theirs is published to each singly; else null.
create function chat_small_membership(p_bucket smallint, p_conversation uuid, p_count int) returns uuid[]
  language sql stable as $$
  select case when p_count <= 32 then
    array(select user_id from conversation_members where bucket = p_bucket and conversation_id = p_conversation) end
$$;

-- True where this call made it. A repeat of a call whose outcome was not known finds it there.
create function chat_create_conversation(p_bucket smallint, p_id uuid, p_type smallint, p_name text, p_creator uuid,
                                         p_users uuid[], p_roles smallint[], p_now bigint)
  returns boolean language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform chat_enter(array[p_bucket]);
  insert into conversations (bucket, conversation_id, type, name, created_by, created_ms, last_ms, member_count)
  values (p_bucket, p_id, p_type, p_name, p_creator, p_now, p_now, cardinality(p_users)) on conflict do nothing;
  if not found then
    return false;
  end if;
  insert into conversation_members (bucket, conversation_id, user_id, role, joined_ms)
  select p_bucket, p_id, u, r, p_now from unnest(p_users, p_roles) as t(u, r);
  perform chat_emit_members(p_bucket, p_id, 'conversation_created', p_users, 1);
  return true;
end $$;

-- The conversation, its row locked, for someone who may change it: `p_most` is the lowest role that may (0 owner,
-- 1 admin, 2 member). A stranger can not tell it from one that does not exist.
create function chat_lock_for(p_bucket smallint, p_id uuid, p_actor uuid, p_most smallint, p_doing text)
  returns conversations language plpgsql as $$
declare
  c conversations;
  actor_role smallint;
begin
  perform chat_enter(array[p_bucket]);
  select * into c from conversations where bucket = p_bucket and conversation_id = p_id for no key update;
  select role into actor_role from conversation_members
  where bucket = p_bucket and conversation_id = p_id and user_id = p_actor;
  if actor_role is null or c.deleted then
    perform chat_refuse('not_found', 'there is no such conversation among yours');
  elsif c.type = 0 then
    perform chat_refuse('bad_request', 'a one-on-one conversation can not be changed: ' || p_doing || ' works on groups');
  elsif actor_role > p_most then
    perform chat_refuse('forbidden', p_doing || ' needs the role ' ||
                        case p_most when 0 then 'owner' else 'owner or admin' end || ' in this group');
  end if;
  return c;
end $$;

create function chat_rename(p_bucket smallint, p_id uuid, p_actor uuid, p_name text)
  returns chat_change language plpgsql security definer set search_path = public, pg_temp as $$
declare
  c conversations := chat_lock_for(p_bucket, p_id, p_actor, 1::smallint, 'renaming');
begin
  update conversations set name = p_name where bucket = p_bucket and conversation_id = p_id;
  return (c.last_seq, c.last_rev, c.members_rev, c.member_count, null, null)::chat_change;
end $$;

-- Messages and keys stay for the time of retention (and so that retries get their first answer); members go at once.
create function chat_remove_conversation(p_bucket smallint, p_id uuid, p_actor uuid)
  returns chat_change language plpgsql security definer set search_path = public, pg_temp as $$
declare
  c conversations := chat_lock_for(p_bucket, p_id, p_actor, 0::smallint, 'deleting');
  everyone uuid[];
begin
  everyone := array(select user_id from conversation_members where bucket = p_bucket and conversation_id = p_id
                    order by user_id for update);
  delete from conversation_members where bucket = p_bucket and conversation_id = p_id;
  delete from device_cursors where bucket = p_bucket and conversation_id = p_id;
  update conversations set deleted = true, member_count = 0, members_rev = members_rev + 1
  where bucket = p_bucket and conversation_id = p_id;
  perform chat_emit_members(p_bucket, p_id, 'conversation_deleted', everyone, c.members_rev + 1);
  return (c.last_seq, c.last_rev, c.members_rev + 1, 0, everyone, null)::chat_change;
end $$;

-- Who joins has nothing unread: reading starts with what comes next. The past stays readable.
create function chat_add_members(p_bucket smallint, p_id uuid, p_actor uuid, p_users uuid[], p_most bigint, p_now bigint)
  returns chat_change language plpgsql security definer set search_path = public, pg_temp as $$
declare
  c conversations := chat_lock_for(p_bucket, p_id, p_actor, 1::smallint, 'adding members');
  added uuid[];
  n int;
begin
  with joining as (
    insert into conversation_members (bucket, conversation_id, user_id, role, joined_ms, delivered_seq, read_seq)
    select distinct on (u) p_bucket, p_id, u, 2, p_now, c.last_seq, c.last_seq from unnest(p_users) u order by u
    on conflict do nothing returning user_id)
  select coalesce(array_agg(user_id), '{}') into added from joining;
  n := c.member_count + cardinality(added);
  if p_most > 0 and n > p_most and cardinality(added) > 0 then
    perform chat_refuse('too_large', 'the group would have ' || n || ' members: at most ' || p_most || ' are allowed');
  end if;
  if cardinality(added) > 0 then
    c.members_rev := c.members_rev + 1;
    update conversations set members_rev = c.members_rev, member_count = n
    where bucket = p_bucket and conversation_id = p_id;
    perform chat_emit_members(p_bucket, p_id, 'member_added', added, c.members_rev);
  end if;
  return (c.last_seq, c.last_rev, c.members_rev, n, added, chat_small_membership(p_bucket, p_id, n))::chat_change;
end $$;

-- Leaving (actor = user) is for everyone; an owner removes anyone, an admin plain members. A group is never without an
-- owner: when the owner leaves, the admin who joined first takes over, else the member who did. The last one's
-- leaving deletes the group.
create function chat_remove_member(p_bucket smallint, p_id uuid, p_actor uuid, p_user uuid)
  returns chat_change language plpgsql security definer set search_path = public, pg_temp as $$
declare
  c conversations := chat_lock_for(p_bucket, p_id, p_actor, (case when p_actor = p_user then 2 else 1 end)::smallint,
                                   case when p_actor = p_user then 'leaving' else 'removing a member' end);
  actor_role smallint;
  user_role smallint;
  heir uuid;
begin
  select role into actor_role from conversation_members
  where bucket = p_bucket and conversation_id = p_id and user_id = p_actor;
  select role into user_role from conversation_members
  where bucket = p_bucket and conversation_id = p_id and user_id = p_user;
  if user_role is null then
    perform chat_refuse('not_found', 'this user is not a member of the group');
  elsif p_actor <> p_user and actor_role >= user_role then
    perform chat_refuse('forbidden', 'an admin can remove members only; owners and admins are removed by the owner');
  end if;
  if user_role = 0 then
    select user_id into heir from conversation_members
    where bucket = p_bucket and conversation_id = p_id and user_id <> p_user order by role, joined_ms, user_id limit 1;
    perform from conversation_members
    where bucket = p_bucket and conversation_id = p_id and user_id in (p_user, heir) order by user_id for update;
    update conversation_members set role = 0 where bucket = p_bucket and conversation_id = p_id and user_id = heir;
  end if;
  delete from conversation_members where bucket = p_bucket and conversation_id = p_id and user_id = p_user;
  delete from device_cursors where bucket = p_bucket and conversation_id = p_id and user_id = p_user;
  c.members_rev := c.members_rev + 1;
  c.member_count := c.member_count - 1;
  update conversations set members_rev = c.members_rev, member_count = c.member_count, deleted = c.member_count = 0
  where bucket = p_bucket and conversation_id = p_id;
  perform chat_emit_members(p_bucket, p_id, 'member_removed', array[p_user], c.members_rev);
  return (c.last_seq, c.last_rev, c.members_rev, c.member_count, array[p_user],
          chat_small_membership(p_bucket, p_id, c.member_count))::chat_change;
end $$;

-- One owner: who makes another one the owner becomes an admin.
create function chat_set_role(p_bucket smallint, p_id uuid, p_actor uuid, p_user uuid, p_role smallint)
  returns chat_change language plpgsql security definer set search_path = public, pg_temp as $$
declare
  c conversations := chat_lock_for(p_bucket, p_id, p_actor, 0::smallint, 'changing roles');
begin
  perform from conversation_members where bucket = p_bucket and conversation_id = p_id and user_id in (p_actor, p_user)
  order by user_id for update;
  if p_actor = p_user then
    if p_role <> 0 then
      perform chat_refuse('conflict', 'a group needs an owner: make another member the owner instead');
    end if;
  else
    update conversation_members set role = p_role where bucket = p_bucket and conversation_id = p_id and user_id = p_user;
    if not found then
      perform chat_refuse('not_found', 'this user is not a member of the group');
    end if;
    if p_role = 0 then
      update conversation_members set role = 1 where bucket = p_bucket and conversation_id = p_id and user_id = p_actor;
    end if;
  end if;
  return (c.last_seq, c.last_rev, c.members_rev, c.member_count, null, null)::chat_change;
end $$;

grant execute on function chat_create_conversation(smallint, uuid, smallint, text, uuid, uuid[], smallint[], bigint),
  chat_rename(smallint, uuid, uuid, text), chat_remove_conversation(smallint, uuid, uuid),
  chat_add_members(smallint, uuid, uuid, uuid[], bigint, bigint), chat_remove_member(smallint, uuid, uuid, uuid),
  chat_set_role(smallint, uuid, uuid, uuid, smallint) to chat;
