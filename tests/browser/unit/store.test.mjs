import assert from 'node:assert/strict';
import test from 'node:test';
import * as store from '../../../dataplane/web/store.js';
import { rowsOf } from '../../../dataplane/web/timeline.js';

const initial = () => store.initialState({ user_id: 'ME', username: 'me', display_name: 'Me' });
const message = (seq, fields = {}) => ({
  conversation_id: 'C', message_id: `M${seq}`, seq, rev: seq, sender_id: 'ADA', client_msg_id: `c${seq}`, content: `text ${seq}`,
  created_at: new Date(Date.UTC(2026, 0, 1, 12, 0, seq)).toISOString(), ...fields,
});
const typed = (id, at, fields = {}) => ({ client_msg_id: id, conversation_id: 'C', content: id, at, ...fields });
const dayKey = (at) => new Date(at).toISOString().slice(0, 10);
const shown = (state, options = {}) => rowsOf(state, state.conversations.get('C'), { dayKey, ...options });
const texts = (state) => shown(state).filter((row) => row.kind === 'message').map((row) => row.content);

test('the ack turns what was typed into the message, once, and its own frame changes nothing more', () => {
  let s = store.withMessage(initial(), message(1));
  s = store.withOutboxItem(s, typed('x', Date.UTC(2026, 0, 1, 13)));
  const bubble = shown(s).at(-1).key;
  s = store.withAck(s, { client_msg_id: 'x', conversation_id: 'C', message_id: 'M2', seq: 2, rev: 2, server_timestamp: message(2).created_at });
  assert.deepEqual(texts(s), ['text 1', 'x']);
  assert.equal(shown(s).at(-1).key, bubble);
  assert.equal(s.conversations.get('C').rev, 1, 'the frame itself is still to come');
  s = store.withMessage(s, message(2, { sender_id: 'ME', client_msg_id: 'x', content: 'x' }));
  assert.deepEqual(texts(s), ['text 1', 'x']);
  assert.equal(s.conversations.get('C').rev, 2);
  assert.deepEqual(s.outbox, []);
});

test('the own frame before the ack does the same', () => {
  let s = store.withOutboxItem(store.withMessage(initial(), message(1)), typed('x', 5));
  s = store.withMessage(s, message(2, { sender_id: 'ME', client_msg_id: 'x', content: 'x' }));
  s = store.withAck(s, { client_msg_id: 'x', conversation_id: 'C', seq: 2, rev: 2 });
  assert.deepEqual(texts(s), ['text 1', 'x']);
});

test('what history shows is not shown a second time while its ack is awaited', () => {
  let s = store.withMessage(initial(), message(1));
  s = store.withOutboxItem(s, typed('x', 5));
  s = store.withHistory(s, 'C', { items: [message(1), message(2, { sender_id: 'ME', client_msg_id: 'x', content: 'x' })], has_more: false });
  assert.deepEqual(texts(s), ['text 1', 'x']);
});

test('someone else’s client_msg_id does not take mine away', () => {
  let s = store.withOutboxItem(store.withMessage(initial(), message(1)), typed('x', 5));
  s = store.withMessage(s, message(2, { client_msg_id: 'x' }));
  assert.equal(s.outbox.length, 1);
  assert.deepEqual(texts(s), ['text 1', 'text 2', 'x']);
});

test('the outbox keeps the order of typing, also when an item is put again', () => {
  let s = initial();
  for (const item of [typed('b', 2), typed('a', 1), typed('c', 3)]) s = store.withOutboxItem(s, item);
  s = store.withOutboxItem(s, typed('a', 1, { failed: 'No.' }));
  assert.deepEqual(s.outbox.map((item) => item.client_msg_id), ['a', 'b', 'c']);
});

test('the list is newest first by the last message', () => {
  let s = store.withSummaries(initial(), [
    { conversation_id: 'A', type: 'group', name: 'A', last_message: message(1) },
    { conversation_id: 'C', type: 'group', name: 'C', created_at: '2020-01-01T00:00:00.000Z' },
  ]);
  assert.deepEqual(store.listed(s).map((c) => c.name), ['A', 'C']);
  s = store.withMessage(s, message(9));
  assert.deepEqual(store.listed(s).map((c) => c.name), ['C', 'A']);
});

test('what a whole list does not name any more is gone; what came meanwhile stays', () => {
  let s = store.withSummaries(initial(), [{ conversation_id: 'A', type: 'group' }]);
  s = store.withMessage(s, message(1));
  s = store.withSummaries(s, [], { listed: true, gone: new Set(['A']) });
  assert.deepEqual([...s.conversations.keys()], ['C']);
});

test('sync asks from the last rev of every conversation', () => {
  let s = store.withSummaries(initial(), [{ conversation_id: 'A', type: 'group', last_seq: 3, last_rev: 4 }]);
  s = store.withMessage(s, message(1));
  assert.deepEqual(store.revsOf(s), { A: 4, C: 1 });
  assert.deepEqual(store.revsOf(store.withSynced(s, { A: 9, GONE: 3 })), { A: 9, C: 1 });
});

test('a run of one sender stands together, a new day starts anew', () => {
  let s = initial();
  for (const m of [message(1), message(2), message(3, { sender_id: 'BO' }), message(4, { sender_id: 'BO', created_at: '2026-01-02T08:00:00.000Z' })]) s = store.withMessage(s, m);
  const rows = shown(s);
  assert.deepEqual(rows.map((row) => row.kind), ['day', 'message', 'message', 'message', 'day', 'message']);
  assert.deepEqual(rows.filter((row) => row.kind === 'message').map((row) => [row.first, row.last]), [[true, false], [false, true], [true, true], [true, true]]);
});

test('the divider stands before the first message of others that is new', () => {
  let s = initial();
  for (const m of [message(1), message(2, { sender_id: 'ME' }), message(3)]) s = store.withMessage(s, m);
  const kinds = shown(s, { dividerSeq: 1 }).map((row) => row.seq ?? row.kind);
  assert.deepEqual(kinds, ['day', 1, 2, 'divider', 3]);
});

test('the views are told once for many changes, with the last state', () => {
  let draw = null;
  const target = new store.Store(initial(), (f) => {
    assert.equal(draw, null);
    draw = f;
  });
  const seen = [];
  target.subscribe((s) => seen.push(s.conversations.size));
  target.update(store.withMessage, message(1));
  target.update(store.withMessage, message(2, { conversation_id: 'D' }));
  draw();
  assert.deepEqual(seen, [0, 2]);
});
