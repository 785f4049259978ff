import { nameOf } from './store.js';
import { tickOf } from './conversation.js';

// The rows of a conversation as they are shown: days, the "new" divider, messages, and what is not sent yet. Pure.
//
// A message row's key stays when the ack comes (own messages are keyed by client_msg_id), so the bubble stays too.
const kTogetherMs = 5 * 60000;

export function rowsOf(state, conversation, { dividerSeq = null, dayKey }) {
  const me = state.me.user_id;
  const rows = [];
  let before = null;  // the message above
  let day = null;
  let divided = dividerSeq === null;
  const add = (row) => {
    if (dayKey(row.at) !== day) {
      day = dayKey(row.at);
      rows.push({ kind: 'day', key: `day ${day}`, at: row.at });
      before = null;
    }
    row.first = !before || before.sender_id !== row.sender_id || row.at - before.at > kTogetherMs;
    if (before && !row.first) before.last = false;
    rows.push(row);
    before = row;
  };
  for (const message of conversation.messages) {
    if (!divided && message.seq > dividerSeq && message.sender_id !== me) {
      divided = true;
      rows.push({ kind: 'divider', key: 'divider' });
      before = null;
    }
    add(messageRow(state, conversation, message, me, before));
  }
  // What history already shows is stored: its ack is only on the way once more.
  const stored = new Set(rows.map((row) => row.key));
  for (const item of state.outbox) {
    const row = waitingRow(item, me);
    if (item.conversation_id === conversation.conversation_id && !stored.has(row.key)) add(row);
  }
  const lastMine = rows.findLast((row) => row.mine && row.seq && row.tick);
  if (lastMine) lastMine.tellsTick = true;
  return rows;
}

function messageRow(state, conversation, message, me, before) {
  const mine = message.sender_id === me;
  const at = message.created_at ? Date.parse(message.created_at) : before?.at ?? Date.parse(conversation.created_at) ?? 0;
  return {
    kind: 'message',
    key: mine && message.client_msg_id ? `mine ${message.client_msg_id}` : `seq ${message.seq}`,
    seq: message.seq,
    sender_id: message.sender_id ?? null,
    name: message.sender_id ? nameOf(state, message.sender_id) : '',
    mine,
    content: message.content ?? '',
    deleted: message.deleted === true,
    edited: Boolean(message.edited_at),
    at: Number.isNaN(at) ? 0 : at,
    tick: mine && !message.deleted ? tickOf(conversation, message.seq, me) : null,
    last: true,
  };
}

function waitingRow(item, me) {
  return {
    kind: 'message',
    key: `mine ${item.client_msg_id}`,
    seq: null,
    sender_id: me,
    name: '',
    mine: true,
    content: item.content,
    at: item.at,
    tick: item.failed ? 'failed' : 'waiting',
    item,
    last: true,
  };
}
