// What this browser knows of one conversation, and the changes of it. Pure: every function returns a new value.
//
//   messages   ascending by seq without a gap: the newest part of the conversation, as far back as was loaded
//   rev        every change up to this one has been seen; what `sync` asks from
//   loaded     the newest page of history is in `messages`
//   receipts   user_id → {delivered, read}: how far each member is
const kKeptInBackground = 200;
const kKeptOpen = 2000;

export function newConversation(fields) {
  return {
    conversation_id: fields.conversation_id,
    type: fields.type ?? null,
    name: fields.name ?? '',
    other_user_id: fields.other_user_id ?? null,
    created_at: fields.created_at ?? null,
    last_seq: 0,
    rev: 0,
    last_read_seq: 0,
    unread: 0,
    preview: null,
    messages: [],
    loaded: false,
    start_reached: false,
    loading: null,     // 'newest' or 'older' while a page is on its way
    load_error: '',
    members: null,
    members_complete: true,
    receipts: {},
  };
}

// A line of GET /v1/conversations. It may be older than what the socket brought meanwhile, so nothing goes back.
export function mergeSummary(known, summary, me) {
  const item = { last_seq: 0, last_rev: 0, last_read_seq: 0, ...summary };
  const fresh = !known;
  const conversation = known ?? newConversation(item);
  const lastRead = Math.max(conversation.last_read_seq, item.last_read_seq);
  const newer = conversation.messages.filter((m) => m.seq > Math.max(item.last_seq, lastRead) && counts(m, me)).length;
  return {
    ...conversation,
    type: item.type ?? conversation.type,
    name: item.name || conversation.name,
    other_user_id: item.other_user_id ?? conversation.other_user_id,
    created_at: item.created_at ?? conversation.created_at,
    last_seq: Math.max(conversation.last_seq, item.last_seq),
    rev: fresh ? item.last_rev : conversation.rev,
    last_read_seq: lastRead,
    unread: item.unread === undefined ? conversation.unread : unreadUpTo(item, lastRead) + newer,
    preview: later(conversation.preview, item.last_message),
  };
}

// `message` and `message.updated` frames, or items of history: a message is there once, whatever is repeated, and its
// newest revision wins. What lies before the loaded part only moves rev.
export function applyMessage(conversation, message, { me, open = false }) {
  const fresh = message.seq > conversation.last_seq;
  const unread = conversation.unread + (fresh && counts(message, me) ? 1 : 0);
  return {
    ...withMessages(conversation, insert(conversation.messages, message), open ? kKeptOpen : kKeptInBackground),
    last_seq: Math.max(conversation.last_seq, message.seq),
    rev: message.rev === conversation.rev + 1 || !conversation.rev ? message.rev : conversation.rev,
    unread,
    preview: later(conversation.preview, message),
  };
}

// A frame that does not follow what was seen: something between is missing and must be asked for.
export function leavesGap(conversation, message) {
  return conversation.rev > 0 && message.rev > conversation.rev + 1;
}

export function applyHistory(conversation, page) {
  let messages = conversation.messages;
  for (const item of page.items) messages = insert(messages, item, true);
  const last = messages.at(-1);
  return {
    ...conversation,
    messages,
    loaded: true,
    loading: null,
    load_error: '',
    start_reached: !page.has_more || messages[0]?.seq === 1,
    last_seq: Math.max(conversation.last_seq, last?.seq ?? 0),
    preview: later(conversation.preview, last),
  };
}

export function applySynced(conversation, rev) {
  return { ...conversation, rev: Math.max(conversation.rev, rev) };
}

export function applyReceipt(conversation, { user_id, seq, status }, me) {
  const before = conversation.receipts[user_id] ?? { delivered: 0, read: 0 };
  const after = {
    delivered: Math.max(before.delivered, seq),  // who has read it also got it
    read: status === 'read' ? Math.max(before.read, seq) : before.read,
  };
  const receipts = { ...conversation.receipts, [user_id]: after };
  return status === 'read' && user_id === me ? applyRead({ ...conversation, receipts }, seq, me) : { ...conversation, receipts };
}

// I have read up to seq, here or on another device of mine.
export function applyRead(conversation, seq, me) {
  if (seq <= conversation.last_read_seq) return conversation;
  const after = conversation.messages.filter((m) => m.seq > seq && counts(m, me)).length;
  const unread = seq >= conversation.last_seq ? 0 : Math.min(conversation.unread, Math.max(after, 0));
  return { ...conversation, last_read_seq: seq, unread };
}

export function applyMembers(conversation, members, complete = true) {
  const receipts = { ...conversation.receipts };
  for (const member of members) {
    const known = receipts[member.user_id] ?? { delivered: 0, read: 0 };
    receipts[member.user_id] = {
      delivered: Math.max(known.delivered, member.last_delivered_seq ?? 0, member.last_read_seq ?? 0),
      read: Math.max(known.read, member.last_read_seq ?? 0),
    };
  }
  return { ...conversation, members, members_complete: complete, receipts };
}

// Left alone, a conversation keeps its newest messages only; older ones are loaded again.
export function rest(conversation) {
  return withMessages(conversation, conversation.messages, kKeptInBackground);
}

// sent → delivered → read: the least of what the others have.
export function tickOf(conversation, seq, me) {
  if (!conversation.members || conversation.members_complete === false) return 'sent';
  const others = conversation.members.filter((member) => member.user_id !== me);
  if (others.length === 0) return 'sent';
  const reached = (kind) => others.every((member) => (conversation.receipts[member.user_id]?.[kind] ?? 0) >= seq);
  if (reached('read')) return 'read';
  return reached('delivered') ? 'delivered' : 'sent';
}

export function activityAt(conversation) {
  return conversation.preview?.created_at ?? conversation.created_at ?? '';
}

// Of the unread ones that a summary counted, those that are still unread after lastRead.
function unreadUpTo(item, lastRead) {
  if (lastRead >= item.last_seq) return 0;
  return lastRead > item.last_read_seq ? Math.min(item.unread, item.last_seq - lastRead) : item.unread;
}

const counts = (message, me) => message.sender_id !== me && !message.deleted;

function later(known, message) {
  if (!message) return known;
  if (!known || message.seq > known.seq) return message;
  return message.seq === known.seq && (message.rev ?? 0) >= (known.rev ?? 0) ? message : known;
}

// `older`: a page of history may extend the beginning; a frame may not, or it would leave a hole after itself.
function insert(messages, message, older = false) {
  const at = lowerBound(messages, message.seq);
  const known = messages[at];
  if (known?.seq === message.seq) {
    if (known.rev > message.rev) return messages;
    return replaced(messages, at, 1, { ...known, ...message, ...(message.deleted && { content: '' }) });
  }
  if (at === 0 && messages.length > 0 && !older) {
    return message.seq === messages[0].seq - 1 ? [message, ...messages] : messages;
  }
  return replaced(messages, at, 0, message);
}

function replaced(list, at, count, item) {
  const next = [...list];
  next.splice(at, count, item);
  return next;
}

function lowerBound(messages, seq) {
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (messages[middle].seq < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Bounded: the oldest go first, and can be loaded again. Cut in steps, not message by message.
function withMessages(conversation, messages, keep) {
  if (messages.length <= keep + 50) return messages === conversation.messages ? conversation : { ...conversation, messages };
  return { ...conversation, messages: messages.slice(-keep), start_reached: false };
}
