-- Whether a bucket is this shard's is asked by every read and almost every write. Its plan is kept (0011), so it must be
-- the same whoever comes first on a connection: it read all 4,096 owners where the caller had not forbidden that. Now it
-- is one look-up a bucket.
create or replace function chat_check(p_buckets smallint[]) returns void language plpgsql stable
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
  set plan_cache_mode = force_generic_plan as $$
declare
  wrong smallint;
begin
  select b into wrong from unnest(p_buckets) b left join bucket_owners o on o.bucket = b
  where o.owner is distinct from (select s.name from shard_identity s) limit 1;
  if found then
    perform chat_raise_moved(wrong);
  end if;
end $$;
