-- Reads, the same to their callers at a fraction of the cost. The planner made a plan for the arrays of each call, and
-- read all 4,096 owners for it: that was most of a sign-on. Now there is one plan a connection, of look-ups in indexes,
-- as in chat_write.

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

alter function chat_heads(uuid, smallint[], uuid[])
  set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan;
alter function chat_cursors(uuid, text, smallint[], uuid[])
  set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan;
