-- Statements over arrays get a new plan for each call, since a plan for the very arrays looks cheaper: the planning took
-- up to five times as long as the reading. A plan that is kept also stays the same when the arrays grow.
alter function chat_check(smallint[]) set plan_cache_mode = force_generic_plan;
alter function chat_lock_slices(smallint[]) set plan_cache_mode = force_generic_plan;
alter function chat_record_receipts(smallint[], uuid[], uuid[], text[], bigint[], bigint[], smallint[])
  set plan_cache_mode = force_generic_plan;
alter function chat_history(smallint, uuid, uuid, bigint, bigint, int) set plan_cache_mode = force_generic_plan;
alter function chat_changes(smallint, uuid, uuid, bigint, int) set plan_cache_mode = force_generic_plan;
alter function chat_summaries(uuid, smallint[], uuid[], boolean) set plan_cache_mode = force_generic_plan;
alter function chat_heads(uuid, smallint[], uuid[]) set plan_cache_mode = force_generic_plan;
alter function chat_membership(smallint, uuid, uuid[]) set plan_cache_mode = force_generic_plan;
alter function chat_cursors(uuid, text, smallint[], uuid[]) set plan_cache_mode = force_generic_plan;
alter function chat_users(smallint[], uuid[]) set plan_cache_mode = force_generic_plan;
alter function chat_links(smallint[], uuid[], uuid[]) set plan_cache_mode = force_generic_plan;
alter function chat_memberships(smallint[], uuid[], uuid[]) set plan_cache_mode = force_generic_plan;
