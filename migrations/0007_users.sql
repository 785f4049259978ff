-- The user side: rows live in the bucket of the user, names in the bucket of the name, so a registration touches two
-- shards: the name is claimed, the user written, the claim confirmed.

create table usernames (
  bucket smallint not null,
  name_lower text collate "C" not null,
  user_id uuid not null,
  claimed_ms bigint not null,
  confirmed boolean not null default false,
  primary key (bucket, name_lower)
);
create index usernames_by_prefix on usernames (name_lower);  -- for the search, which asks every shard

create table users (
  bucket smallint not null,
  user_id uuid not null,
  username text not null,
  display_name text not null,
  password_hash text not null,
  created_ms bigint not null,
  primary key (bucket, user_id)
);

create table sessions (
  bucket smallint not null,
  user_id uuid not null,
  session_id uuid not null,
  device_id text not null,
  refresh_hash text not null,
  previous_hash text not null default '',
  rotated_ms bigint not null,
  expires_ms bigint not null,
  revoked boolean not null default false,
  primary key (bucket, user_id, session_id)
) with (fillfactor = 70);

-- The index "conversations of this user". A row stays when the user leaves: its members_rev tells a late add from a
-- new one.
create table user_conversations (
  bucket smallint not null,
  user_id uuid not null,
  conversation_id uuid not null,
  linked boolean not null,
  members_rev bigint not null,
  joined_ms bigint not null,
  primary key (bucket, user_id, conversation_id)
);

grant select on usernames, users, sessions, user_conversations to chat;

-- Answers whose the name is after the call: p_user, or another. With p_instead_of, a claim of that user that is still
-- unconfirmed is taken over.
create function chat_claim_name(p_bucket smallint, p_name text, p_user uuid, p_now bigint, p_instead_of uuid)
  returns table (user_id uuid, claimed_ms bigint, confirmed boolean)
  language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform chat_enter(array[p_bucket]);
  insert into usernames as n (bucket, name_lower, user_id, claimed_ms) values (p_bucket, p_name, p_user, p_now)
  on conflict (bucket, name_lower) do update set user_id = p_user, claimed_ms = p_now
    where n.user_id = p_instead_of and not n.confirmed;
  return query select n.user_id, n.claimed_ms, n.confirmed from usernames n
    where n.bucket = p_bucket and n.name_lower = p_name;
end $$;

-- False where the claim was taken over in between.
create function chat_confirm_name(p_bucket smallint, p_name text, p_user uuid) returns boolean
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform chat_enter(array[p_bucket]);
  update usernames set confirmed = true where bucket = p_bucket and name_lower = p_name and user_id = p_user;
  return found;
end $$;

create function chat_release_name(p_bucket smallint, p_name text, p_user uuid) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform chat_enter(array[p_bucket]);
  delete from usernames where bucket = p_bucket and name_lower = p_name and user_id = p_user and not confirmed;
end $$;

create function chat_create_user(p_bucket smallint, p_user uuid, p_username text, p_display text, p_hash text, p_now bigint)
  returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform chat_enter(array[p_bucket]);
  insert into users (bucket, user_id, username, display_name, password_hash, created_ms)
  values (p_bucket, p_user, p_username, p_display, p_hash, p_now) on conflict do nothing;
end $$;

-- Takes back a registration that lost its name before anyone could use it.
create function chat_discard_user(p_bucket smallint, p_user uuid) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform chat_enter(array[p_bucket]);
  delete from users where bucket = p_bucket and user_id = p_user
    and not exists (select from sessions s where s.bucket = p_bucket and s.user_id = p_user);
end $$;

create function chat_rename_user(p_bucket smallint, p_user uuid, p_display text)
  returns table (user_id uuid, username text, display_name text, created_ms bigint)
  language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform chat_enter(array[p_bucket]);
  return query update users u set display_name = p_display where u.bucket = p_bucket and u.user_id = p_user
    returning u.user_id, u.username, u.display_name, u.created_ms;
end $$;

create function chat_name(p_bucket smallint, p_name text) returns table (user_id uuid) language plpgsql stable as $$
#variable_conflict use_column
begin
  perform chat_check(array[p_bucket]);
  return query select n.user_id from usernames n where n.bucket = p_bucket and n.name_lower = p_name;
end $$;

-- Names from p_low up to but not including p_high, of buckets that this shard owns.
create function chat_names_between(p_low text, p_high text, p_limit int) returns table (name text, user_id uuid)
  language sql stable as $$
  select n.name_lower, n.user_id from usernames n
  join bucket_owners o on o.bucket = n.bucket join shard_identity s on s.name = o.owner
  where n.name_lower >= p_low collate "C" and n.name_lower < p_high collate "C" order by n.name_lower limit p_limit
$$;

create function chat_users(p_buckets smallint[], p_ids uuid[])
  returns table (user_id uuid, username text, display_name text, created_ms bigint, password_hash text)
  language plpgsql stable set enable_seqscan = off as $$
#variable_conflict use_column
begin
  perform chat_check(p_buckets);
  return query select u.user_id, u.username, u.display_name, u.created_ms, u.password_hash
    from unnest(p_buckets, p_ids) as q(bucket, id) join users u on u.bucket = q.bucket and u.user_id = q.id;
end $$;

create function chat_create_session(p_bucket smallint, p_user uuid, p_session uuid, p_device text, p_hash text,
                                    p_previous text, p_rotated bigint, p_expires bigint)
  returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform chat_enter(array[p_bucket]);
  -- Long-expired logins of this user go as new ones come, so that the table is bounded by who signs in.
  delete from sessions where bucket = p_bucket and user_id = p_user and expires_ms < p_rotated - 86400000;
  insert into sessions (bucket, user_id, session_id, device_id, refresh_hash, previous_hash, rotated_ms, expires_ms)
  values (p_bucket, p_user, p_session, p_device, p_hash, p_previous, p_rotated, p_expires) on conflict do nothing;
end $$;

create function chat_session(p_bucket smallint, p_user uuid, p_session uuid) returns setof sessions
  language plpgsql stable as $$
begin
  perform chat_check(array[p_bucket]);
  return query select s.* from sessions s where s.bucket = p_bucket and s.user_id = p_user and s.session_id = p_session;
end $$;

-- True also for the repeat of a rotation whose outcome was not known: the new cookie follows from the old one.
create function chat_rotate_session(p_bucket smallint, p_user uuid, p_session uuid, p_old text, p_new text,
                                    p_now bigint, p_expires bigint, p_repeated boolean)
  returns boolean language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform chat_enter(array[p_bucket]);
  update sessions set refresh_hash = p_new, previous_hash = p_old, rotated_ms = p_now, expires_ms = p_expires
  where bucket = p_bucket and user_id = p_user and session_id = p_session and refresh_hash = p_old and not revoked;
  return found or p_repeated and exists (
    select from sessions where bucket = p_bucket and user_id = p_user and session_id = p_session
      and refresh_hash = p_new and previous_hash = p_old and rotated_ms = p_now and not revoked);
end $$;

create function chat_revoke_session(p_bucket smallint, p_user uuid, p_session uuid) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform chat_enter(array[p_bucket]);
  update sessions set revoked = true
  where bucket = p_bucket and user_id = p_user and session_id = p_session and not revoked;
end $$;

-- Links or unlinks; of an add and a remove that cross the one with the higher members_rev stays. Answers how many rows
-- it changed.
create function chat_link(p_buckets smallint[], p_users uuid[], p_conversation uuid, p_linked boolean,
                          p_members_rev bigint, p_now bigint)
  returns bigint language plpgsql security definer set search_path = public, pg_temp as $$
declare
  changed bigint;
begin
  perform chat_enter(p_buckets);
  insert into user_conversations as k (bucket, user_id, conversation_id, linked, members_rev, joined_ms)
  select distinct on (b, u) b, u, p_conversation, p_linked, p_members_rev, p_now
  from unnest(p_buckets, p_users) as t(b, u) order by b, u
  on conflict (bucket, user_id, conversation_id) do update
    set linked = excluded.linked, members_rev = excluded.members_rev,
        joined_ms = case when k.linked then k.joined_ms else excluded.joined_ms end
    where excluded.members_rev > k.members_rev or excluded.members_rev = k.members_rev and excluded.linked <> k.linked;
  get diagnostics changed = row_count;
  return changed;
end $$;

create function chat_conversations_of(p_bucket smallint, p_user uuid, p_limit int) returns table (conversation_id uuid)
  language plpgsql stable as $$
#variable_conflict use_column
begin
  perform chat_check(array[p_bucket]);
  return query select k.conversation_id from user_conversations k
    where k.bucket = p_bucket and k.user_id = p_user and k.linked
    order by k.joined_ms desc, k.conversation_id desc limit p_limit;
end $$;

grant execute on function chat_claim_name(smallint, text, uuid, bigint, uuid), chat_confirm_name(smallint, text, uuid),
  chat_release_name(smallint, text, uuid), chat_create_user(smallint, uuid, text, text, text, bigint),
  chat_discard_user(smallint, uuid), chat_rename_user(smallint, uuid, text), chat_name(smallint, text),
  chat_names_between(text, text, int), chat_users(smallint[], uuid[]),
  chat_create_session(smallint, uuid, uuid, text, text, text, bigint, bigint), chat_session(smallint, uuid, uuid),
  chat_rotate_session(smallint, uuid, uuid, text, text, bigint, bigint, boolean),
  chat_revoke_session(smallint, uuid, uuid), chat_link(smallint[], uuid[], uuid, boolean, bigint, bigint),
  chat_conversations_of(smallint, uuid, int) to chat;
