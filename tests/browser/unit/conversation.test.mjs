import assert from 'node:assert/strict';
import test from 'node:test';
import * as conversation from '../../../dataplane/web/conversation.js';

const me = 'ME';
const message = (seq, fields = {}) => ({
  conversation_id: 'C', message_id: `M${seq}`, seq, rev: seq, sender_id: 'ADA', client_msg_id: `c${seq}`, content: `text ${seq}`,
  created_at: new Date(1700000000000 + seq * 1000).toISOString(), ...fields,
});
const of = (...messages) => messages.reduce((c, m) => conversation.applyMessage(c, m, { me }), conversation.newConversation({ conversation_id: 'C' }));
const seqs = (c) => c.messages.map((m) => m.seq);
const page = (from, to, hasMore) => ({ items: Array.from({ length: to - from + 1 }, (_, i) => message(from + i)), has_more: hasMore });

test('a message that comes twice is there once', () => {
  const c = of(message(1), message(2), message(2), message(1));
  assert.deepEqual(seqs(c), [1, 2]);
  assert.equal(c.unread, 2);
  assert.equal(c.rev, 2);
});

test('messages stand by seq, however they arrive', () => {
  assert.deepEqual(seqs(of(message(1), message(4), message(2), message(3))), [1, 2, 3, 4]);
});

test('a live message before what is loaded leaves no hole', () => {
  const c = of(message(10), message(3));
  assert.deepEqual(seqs(c), [10]);
});

test('an edit replaces the text, an older revision does not bring it back', () => {
  const edited = conversation.applyMessage(of(message(1)), message(1, { rev: 2, content: 'better', edited_at: 'x' }), { me });
  const again = conversation.applyMessage(edited, message(1), { me });
  assert.equal(again.messages[0].content, 'better');
  assert.equal(again.rev, 2);
  assert.equal(again.unread, 1);
});

test('a tombstone keeps nothing of the text', () => {
  const c = conversation.applyMessage(of(message(1)), { conversation_id: 'C', seq: 1, rev: 2, deleted: true }, { me });
  assert.equal(c.messages[0].content, '');
  assert.equal(c.messages[0].deleted, true);
  assert.equal(c.messages[0].sender_id, 'ADA');
});

test('a jump in rev is seen as a gap and rev stays before it, until the sync is done', () => {
  const c = of(message(1), message(2));
  assert.equal(conversation.leavesGap(c, message(4)), true);
  assert.equal(conversation.leavesGap(c, message(3)), false);
  assert.equal(conversation.leavesGap(c, message(2)), false);
  const jumped = conversation.applyMessage(c, message(4), { me });
  assert.equal(jumped.rev, 2);
  assert.equal(conversation.applySynced(jumped, 4).rev, 4);
  assert.equal(conversation.applySynced(jumped, 1).rev, 2);
});

test('own messages and deleted ones are not unread', () => {
  assert.equal(of(message(1, { sender_id: me }), message(2, { deleted: true }), message(3)).unread, 1);
});

test('reading here or on another device lowers unread, and never raises it', () => {
  const c = of(message(1), message(2), message(3));
  assert.equal(conversation.applyRead(c, 2, me).unread, 1);
  assert.equal(conversation.applyRead(c, 3, me).unread, 0);
  assert.equal(conversation.applyRead(conversation.applyRead(c, 3, me), 1, me).unread, 0);
  assert.equal(conversation.applyReceipt(c, { user_id: me, seq: 3, status: 'read' }, me).unread, 0);
});

test('older pages extend the beginning and tell when it is reached', () => {
  let c = conversation.applyHistory(of(message(60)), page(11, 60, true));
  assert.equal(c.start_reached, false);
  c = conversation.applyHistory(c, page(1, 10, false));
  assert.equal(c.start_reached, true);
  assert.deepEqual(seqs(c), Array.from({ length: 60 }, (_, i) => i + 1));
});

test('a page that repeats what the socket brought adds nothing', () => {
  const c = conversation.applyHistory(of(message(4), message(5)), page(1, 5, false));
  assert.deepEqual(seqs(c), [1, 2, 3, 4, 5]);
});

test('in the background only the newest are kept, and older ones can be loaded again', () => {
  let c = { ...of(message(1)), start_reached: true, loaded: true };
  for (let seq = 2; seq <= 400; seq++) c = conversation.applyMessage(c, message(seq), { me });
  assert.ok(c.messages.length <= 250);
  assert.equal(c.messages.at(-1).seq, 400);
  assert.equal(c.start_reached, false);
  assert.equal(c.unread, 400);
});

test('a summary older than the socket takes nothing back', () => {
  const item = { conversation_id: 'C', type: 'group', name: 'G', last_seq: 2, last_rev: 2, last_read_seq: 0, unread: 2, last_message: message(2) };
  const c = conversation.mergeSummary(of(message(1), message(2), message(3)), item, me);
  assert.equal(c.last_seq, 3);
  assert.equal(c.rev, 3);
  assert.equal(c.unread, 3);
  assert.equal(c.preview.seq, 3);
});

test('a summary does not make unread again what was read meanwhile', () => {
  const item = { conversation_id: 'C', last_seq: 3, last_rev: 3, last_read_seq: 0, unread: 3, last_message: message(3) };
  const read = conversation.applyRead(of(message(1), message(2), message(3)), 3, me);
  assert.equal(conversation.mergeSummary(read, item, me).unread, 0);
});

test('a new conversation starts from the rev of its summary', () => {
  const c = conversation.mergeSummary(undefined, { conversation_id: 'C', type: 'group', last_seq: 5, last_rev: 7, last_read_seq: 5, unread: 0 }, me);
  assert.equal(c.rev, 7);
  assert.equal(conversation.leavesGap(c, message(6, { rev: 8 })), false);
  assert.equal(conversation.leavesGap(c, message(6, { rev: 9 })), true);
});

test('ticks follow the slowest of the others', () => {
  let c = conversation.applyMembers(of(message(1, { sender_id: me })), [{ user_id: me }, { user_id: 'ADA' }, { user_id: 'BO' }]);
  const receipt = (user, status) => {
    c = conversation.applyReceipt(c, { user_id: user, seq: 1, status }, me);
  };
  const ticks = [conversation.tickOf(c, 1, me)];
  for (const [user, status] of [['ADA', 'read'], ['BO', 'delivered'], ['BO', 'read'], ['BO', 'delivered']]) {
    receipt(user, status);
    ticks.push(conversation.tickOf(c, 1, me));
  }
  assert.deepEqual(ticks, ['sent', 'sent', 'delivered', 'read', 'read']);
});

test('without knowing every member nothing is said to be read', () => {
  const c = conversation.applyMembers(of(message(1, { sender_id: me })), [{ user_id: me }, { user_id: 'ADA', last_read_seq: 1 }], false);
  assert.equal(conversation.tickOf(c, 1, me), 'sent');
});

test('receipts that were missed come with the members', () => {
  const c = conversation.applyMembers(of(message(1, { sender_id: me })), [{ user_id: me }, { user_id: 'ADA', last_delivered_seq: 1, last_read_seq: 1 }]);
  assert.equal(conversation.tickOf(c, 1, me), 'read');
});
