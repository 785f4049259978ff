-- Removing what is done need not be on disk at once: a removal that a crash undoes lets the event be done again, which
-- every consumer bears. So it does not hold up the log for the messages that wait to be acknowledged.
create or replace function chat_outbox_remove(p_ids bigint[]) returns void language plpgsql security definer
  set search_path = public, pg_temp set enable_seqscan = off as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  delete from outbox where id = any (p_ids);
end $$;
