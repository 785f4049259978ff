import * as conversation from './conversation.js';

// The state of the whole client and its transitions. Pure but for Store, which holds the present value and tells
// the views, at most once a frame, that it changed.
//
//   me             {user_id, username, display_name}
//   connection     {phase, retryInMs, sentence}
//   conversations  Map of conversation_id → conversation.js
//   open           the conversation on screen, or null
//   people         Map of user_id → {username, display_name}
//   outbox         what was typed and is not acknowledged: {client_msg_id, conversation_id, content, at, failed?}
export function initialState(me) {
  return {
    me,
    connection: { phase: 'connecting', retryInMs: 0, sentence: '' },
    conversations: new Map(),
    listed: false,
    open: null,
    people: new Map([[me.user_id, me]]),
    outbox: [],
  };
}

export function withConnection(state, connection) {
  return { ...state, connection };
}

export function withOpen(state, id) {
  const left = state.conversations.get(state.open);
  const next = left && state.open !== id ? change(state, state.open, conversation.rest) : state;
  return { ...next, open: id };
}

export function withPeople(state, people) {
  const all = new Map(state.people);
  for (const person of people) {
    if (person.username || person.display_name) all.set(person.user_id, { ...all.get(person.user_id), ...person });
  }
  return { ...state, people: all };
}

// listed: that was the whole list. gone: of these, what the list does not name is not mine any more.
export function withSummaries(state, items, { listed: whole = false, gone = new Set() } = {}) {
  const conversations = new Map(state.conversations);
  for (const item of items) {
    conversations.set(item.conversation_id, conversation.mergeSummary(conversations.get(item.conversation_id), item, state.me.user_id));
  }
  const named = new Set(items.map((item) => item.conversation_id));
  for (const id of gone) if (!named.has(id)) conversations.delete(id);
  return { ...state, conversations, listed: state.listed || whole };
}

export function withoutConversation(state, id) {
  const conversations = new Map(state.conversations);
  conversations.delete(id);
  return { ...state, conversations };
}

// A frame of a conversation that is not known yet makes it: its details follow.
export function withMessage(state, message) {
  const id = message.conversation_id;
  const known = state.conversations.has(id) ? state : addConversation(state, { conversation_id: id });
  const changed = change(known, id, (c) => conversation.applyMessage(c, message, { me: state.me.user_id, open: state.open === id }));
  return message.sender_id === state.me.user_id ? withoutOutbox(changed, message.client_msg_id) : changed;
}

// The ack has all of the message but its content, which is in the outbox.
export function withAck(state, ack) {
  const item = state.outbox.find((one) => one.client_msg_id === ack.client_msg_id);
  const known = state.conversations.get(ack.conversation_id);
  if (!item || !known) return withoutOutbox(state, ack.client_msg_id);
  const message = {
    conversation_id: ack.conversation_id,
    message_id: ack.message_id,
    seq: ack.seq,
    rev: ack.rev,
    sender_id: state.me.user_id,
    client_msg_id: ack.client_msg_id,
    content: item.content,
    message_type: 'text',
    created_at: ack.server_timestamp,
  };
  const seen = (c) => ({ ...conversation.applyMessage(c, message, { me: state.me.user_id, open: true }), rev: c.rev });
  return withoutOutbox(change(state, ack.conversation_id, seen), ack.client_msg_id);
}

export function withOutbox(state, outbox) {
  return { ...state, outbox };
}

export function withOutboxItem(state, item) {
  const others = state.outbox.filter((one) => one.client_msg_id !== item.client_msg_id);
  return { ...state, outbox: [...others, item].sort((a, b) => a.at - b.at) };
}

export function withoutOutbox(state, clientMsgId) {
  if (!state.outbox.some((one) => one.client_msg_id === clientMsgId)) return state;
  return { ...state, outbox: state.outbox.filter((one) => one.client_msg_id !== clientMsgId) };
}

export function withHistory(state, id, page) {
  return change(state, id, (c) => conversation.applyHistory(c, page));
}

export function withLoading(state, id, loading, sentence = '') {
  return change(state, id, (c) => ({ ...c, loading, load_error: sentence }));
}

export function withMembers(state, id, members, complete) {
  return change(withPeople(state, members), id, (c) => conversation.applyMembers(c, members, complete));
}

export function withReceipt(state, receipt) {
  return change(state, receipt.conversation_id, (c) => conversation.applyReceipt(c, receipt, state.me.user_id));
}

export function withRead(state, id, seq) {
  return change(state, id, (c) => conversation.applyRead(c, seq, state.me.user_id));
}

export function withName(state, id, name) {
  return change(state, id, (c) => ({ ...c, name }));
}

export function withSynced(state, revs) {
  return Object.entries(revs).reduce((next, [id, rev]) => change(next, id, (c) => conversation.applySynced(c, rev)), state);
}

// What `sync` asks with: the last rev of every conversation.
export function revsOf(state) {
  return Object.fromEntries([...state.conversations].map(([id, c]) => [id, c.rev]));
}

// Newest first.
export function listed(state) {
  const at = (c) => conversation.activityAt(c);
  return [...state.conversations.values()].sort((a, b) => (at(a) < at(b) ? 1 : at(a) > at(b) ? -1 : a.conversation_id < b.conversation_id ? 1 : -1));
}

export function unreadTotal(state) {
  let total = 0;
  for (const c of state.conversations.values()) total += c.unread;
  return total;
}

export function nameOf(state, userId) {
  const person = state.people.get(userId);
  return person?.display_name || person?.username || 'Someone';
}

export function titleOf(state, c) {
  if (c.name) return c.name;
  const other = c.other_user_id ?? c.members?.find((member) => member.user_id !== state.me.user_id)?.user_id;
  return other ? nameOf(state, other) : 'Conversation';
}

function addConversation(state, fields) {
  return { ...state, conversations: new Map(state.conversations).set(fields.conversation_id, conversation.newConversation(fields)) };
}

function change(state, id, by) {
  const before = state.conversations.get(id);
  if (!before) return state;
  const after = by(before);
  return after === before ? state : { ...state, conversations: new Map(state.conversations).set(id, after) };
}

export class Store {
  #state;
  #views = new Set();
  #drawing = false;
  #schedule;

  constructor(state, schedule = drawSoon) {
    this.#state = state;
    this.#schedule = schedule;
  }

  get state() {
    return this.#state;
  }

  // update(withName, id, name): the transition gets the present state first.
  update(transition, ...args) {
    const next = transition(this.#state, ...args);
    if (next === this.#state) return;
    this.#state = next;
    if (this.#drawing) return;
    this.#drawing = true;
    this.#schedule(() => {
      this.#drawing = false;
      for (const view of this.#views) view(this.#state);
    });
  }

  subscribe(view) {
    this.#views.add(view);
    view(this.#state);
    return () => this.#views.delete(view);
  }
}

// A hidden page gets no animation frames.
function drawSoon(draw) {
  if (document.hidden) setTimeout(draw, 0);
  else requestAnimationFrame(draw);
}
