-- Which of the 4,096 buckets this database owns, and since which epoch (I5). The operator fills it; every write checks
-- it under a lock that chat_own() takes the other side of. The role `chat` may read tables and call functions, nothing
-- else: a write that does not check ownership is refused by the grants.

-- Functions are for nobody until they are granted.
alter default privileges revoke execute on functions from public;

create table shard_identity (
  only_row boolean primary key default true check (only_row),
  name text not null
);

create table bucket_owners (
  bucket smallint primary key check (bucket between 0 and 4095),
  owner text not null,
  epoch bigint not null
) with (fillfactor = 50);
insert into bucket_owners select b, '', 0 from generate_series(0, 4095) b;

create view bucket_ranges as
  select min(bucket) as low, max(bucket) as high, owner, epoch
  from (select bucket, owner, epoch, bucket - row_number() over (partition by owner, epoch order by bucket) as island
        from bucket_owners) runs
  group by owner, epoch, island;

grant select on shard_identity, bucket_owners, bucket_ranges to chat;

create function chat_identify(p_name text) returns void language plpgsql as $$
declare
  present text;
begin
  insert into shard_identity (name) values (p_name) on conflict do nothing;
  select name into present from shard_identity;
  if present <> p_name then
    raise exception 'this database is shard %, not %: the address is wrong', present, p_name using errcode = 'CH003';
  end if;
end $$;

-- One lock stands for 64 buckets: writers share it, chat_own() takes it alone. 1667785076 is 'chat'. Locks are always
-- taken in ascending order, and before any row's.
create function chat_lock_slices(p_buckets smallint[]) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(1667785076, s.slice)
  from (select distinct b / 64 as slice from unnest(p_buckets) b order by 1) s;
end $$;

-- Waits for the writers that are inside, keeps new ones out until it commits. Idempotent; an older epoch is refused,
-- so is another owner in the same epoch. Answers how many buckets changed.
create function chat_own(p_low int, p_high int, p_owner text, p_epoch bigint) returns bigint language plpgsql as $$
declare
  changed bigint;
  newer record;
begin
  if p_low is null or p_high is null or p_low < 0 or p_high > 4095 or p_low > p_high or p_epoch < 1 or p_owner = '' then
    raise exception 'chat_own: buckets % to % of % in epoch % make no sense', p_low, p_high, p_owner, p_epoch
      using errcode = 'CH003';
  end if;
  perform pg_advisory_xact_lock(1667785076, s.slice) from (select generate_series(p_low / 64, p_high / 64) as slice) s;
  select * into newer from bucket_owners
  where bucket between p_low and p_high and (epoch > p_epoch or (epoch = p_epoch and owner <> p_owner))
  order by bucket limit 1;
  if found then
    raise exception 'chat_own: bucket % belongs to % since epoch %: epoch % comes too late',
      newer.bucket, newer.owner, newer.epoch, p_epoch using errcode = 'CH003';
  end if;
  update bucket_owners set owner = p_owner, epoch = p_epoch where bucket between p_low and p_high and epoch < p_epoch;
  get diagnostics changed = row_count;
  return changed;
end $$;

-- The answer to whoever asks the wrong shard: where the bucket, and its neighbours with it, is. The text after
-- `chat-moved:` is read by dataplane/adapters/postgres_shards.
create function chat_raise_moved(p_bucket smallint) returns void language plpgsql stable as $$
declare
  r record;
begin
  select * into r from bucket_ranges where p_bucket between low and high;
  raise exception 'chat-moved:%:%:%:%', r.epoch, r.low, r.high, r.owner
    using errcode = 'CH001', detail = r.owner || ' ' || r.epoch;
end $$;

-- A refusal of the domain: `code` is one of the contract's.
create function chat_refuse(p_code text, p_why text) returns void language plpgsql stable as $$
begin
  raise exception 'chat-refused:%:%', p_code, p_why using errcode = 'CH002';
end $$;

-- For reads: ownership in the snapshot of the statement that reads.
create function chat_check(p_buckets smallint[]) returns void language plpgsql stable as $$
declare
  wrong smallint;
begin
  select b into wrong from unnest(p_buckets) b
  where not exists (select from bucket_owners o join shard_identity s on s.name = o.owner where o.bucket = b) limit 1;
  if found then
    perform chat_raise_moved(wrong);
  end if;
end $$;

-- For writes: the lock first, then ownership in a statement of its own, whose snapshot is younger than the lock.
create function chat_enter(p_buckets smallint[]) returns void language plpgsql as $$
begin
  perform chat_lock_slices(p_buckets);
  perform chat_check(p_buckets);
end $$;
