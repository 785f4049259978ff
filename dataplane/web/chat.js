import { retryWaitMs } from './backoff.js';
import { leavesGap } from './conversation.js';
import { Loader } from './loader.js';
import { Outbox } from './outbox.js';
import { Receipts } from './receipts.js';
import { Sender } from './sender.js';
import { ChatSocket } from './socket.js';
import * as store from './store.js';
import { Sync } from './sync.js';

// One signed-in person's chat: frames and answers become transitions of the store, and what the person does becomes
// frames and calls. Lives from sign-in to stop(). The views read the store and call the public functions.
export class Chat {
  #api;
  #loader;
  #outbox;
  #receipts;
  #sender;
  #sync;
  #retry = null;
  #stopped = false;
  #wasReady = false;
  #heardOf;
  #onSignedOut;

  // heard({conversation, message}): a new message of someone else, for the announcer; told(sentence): something to say.
  constructor({ api, me, storage, onSignedOut, heard = () => {}, told = () => {} }) {
    this.#api = api;
    this.#heardOf = heard;
    this.#onSignedOut = onSignedOut;
    this.told = told;
    this.store = new store.Store(store.initialState(me));
    this.socket = new ChatSocket({
      connect: () => api.connect(),
      renew: () => api.refresh(),
      token: () => api.token,
      onReady: () => this.#ready(),
      onFrame: (frame) => this.#receive(frame),
      onPhase: (phase) => this.store.update(store.withConnection, phase),
      onSignedOut,
    });
    this.#loader = new Loader(api, this.store);
    this.#outbox = new Outbox(storage, me.user_id);
    this.#receipts = new Receipts(this.socket);
    this.#sync = new Sync(this.socket, () => store.revsOf(this.state));
    this.#sender = new Sender({
      socket: this.socket,
      items: () => this.store.state.outbox,
      onRefused: (item, sentence) => this.#keep({ ...item, failed: sentence }),
    });
    this.store.update(store.withOutbox, this.#outbox.list());
  }

  get state() {
    return this.store.state;
  }

  isLearning(id) {
    return this.#loader.isAsking(id);
  }

  get me() {
    return this.state.me.user_id;
  }

  // The list first: the revs in it are what the first sync asks from.
  async start(attempt = 0) {
    try {
      await this.#loader.list();
      if (this.#stopped) return;
      this.socket.start();
      if (this.state.open) this.open(this.state.open);
    } catch (problem) {
      if (this.#stopped) return;
      if (problem.status === 401) return this.#onSignedOut();
      const wait = Math.max(problem.retryAfterMs ?? 0, retryWaitMs(attempt, Math.random()));
      this.store.update(store.withConnection, { phase: 'waiting', retryInMs: wait, sentence: problem.status ? problem.message : '' });
      this.#retry = setTimeout(() => this.start(attempt + 1), wait);
    }
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#sync.stop();
    this.socket.stop();
  }

  forgetUnsent() {
    this.#outbox.clear();
  }

  // ---- what the person does

  open(id) {
    this.store.update(store.withOpen, id);
    if (!id) return;
    const conversation = this.state.conversations.get(id);
    if (!conversation) this.#learn(id);
    else if (!conversation.loaded) this.#loader.newest(id);
    this.#loader.members(id);
  }

  // Null, or a sentence that says why not.
  send(id, content) {
    const item = this.#outbox.add(id, content, Date.now(), crypto.randomUUID?.() ?? randomId());
    if (!item) return 'Too many messages wait to be sent. Wait until the connection is back.';
    this.store.update(store.withOutboxItem, item);
    this.#sender.pump();
    return null;
  }

  sendAgain(item) {
    this.#keep({ ...item, failed: undefined });
    this.#sender.pump();
  }

  discard(item) {
    this.#outbox.remove(item.client_msg_id);
    this.store.update(store.withoutOutbox, item.client_msg_id);
  }

  read(id, seq) {
    const conversation = this.state.conversations.get(id);
    if (!conversation || seq <= conversation.last_read_seq) return;
    this.store.update(store.withRead, id, seq);
    this.#receipts.read(id, seq);
  }

  loadOlder(id) {
    return this.#loader.older(id);
  }

  loadAgain(id) {
    return this.state.conversations.get(id)?.loaded ? this.loadOlder(id) : this.#loader.newest(id);
  }

  async findUsers(query) {
    const answer = await this.#api.findUsers(query);
    return (answer.items ?? []).filter((person) => person.user_id !== this.me);
  }

  // Both answer the conversation's id.
  async startOneOnOne(person) {
    return this.#started(await this.#api.startOneOnOne(person.user_id), [person], { type: 'one_on_one', other_user_id: person.user_id });
  }

  async startGroup(name, people) {
    return this.#started(await this.#api.startGroup(name, people.map((person) => person.user_id)), people, { type: 'group', name });
  }

  async addMembers(id, people) {
    await this.#api.addMembers(id, people.map((person) => person.user_id));
    await this.#loader.members(id);
  }

  async leave(id) {
    await this.#api.removeMember(id, this.me);
    this.store.update(store.withoutConversation, id);
  }

  // ---- what the server says

  #ready() {
    this.#sync.start();
    for (const item of this.#outbox.list()) this.store.update(store.withOutboxItem, item);  // another tab's too
    this.#sender.reconnected();
    for (const id of this.state.conversations.keys()) this.#confirm(id);
    this.#receipts.reconnected(Date.now());
    if (this.#wasReady) this.#catchUp();
    this.#wasReady = true;
  }

  // What frames told while there was no connection: names, members, receipts, read marks of other devices.
  #catchUp() {
    this.#loader.list().catch(() => {});  // the next connection tries again
    const { open } = this.state;
    if (!open) return;
    this.#loader.members(open);
    if (!this.state.conversations.get(open)?.loaded) this.#loader.newest(open);
  }

  #receive(frame) {
    switch (frame.type) {
      case 'message':
      case 'message.updated':
        return this.#message(frame);
      case 'ack':
        this.#outbox.remove(frame.client_msg_id);
        this.store.update(store.withAck, frame);
        return this.#sender.pump();
      case 'receipt':
        return this.store.update(store.withReceipt, frame);
      case 'conversation':
        return this.#changed(frame);
      case 'sync.done':
        return this.#synced(frame);
      case 'error':
        return void (this.#sender.refused(frame) || this.#sync.refused(frame));
    }
  }

  #message(frame) {
    const id = frame.conversation_id;
    const known = this.state.conversations.get(id);
    const fresh = frame.type === 'message' && frame.seq > (known?.last_seq ?? 0);
    if (!known) this.#learn(id);
    else if (leavesGap(known, frame)) this.#sync.fill(id, known.rev);
    this.store.update(store.withMessage, frame);
    if (frame.sender_id === this.me) {
      this.#outbox.remove(frame.client_msg_id);
      this.#sender.pump();
      return;
    }
    this.#loader.person(frame.sender_id);
    const now = this.state.conversations.get(id);
    if (!this.#sync.running) this.#receipts.delivered(id, now.last_seq, now.rev);
    if (fresh && !frame.deleted) this.#heardOf({ conversation: now, message: frame, live: !this.#sync.running });
  }

  #changed(frame) {
    const id = frame.conversation_id;
    const gone = frame.change === 'deleted' || (frame.change === 'member_removed' && frame.user_id === this.me);
    const conversation = this.state.conversations.get(id);
    if (gone) {
      if (!conversation) return;
      this.told(`You are no longer in “${store.titleOf(this.state, conversation)}”.`);
      this.store.update(store.withoutConversation, id);
    } else if (!conversation) this.#learn(id);
    else if (frame.change === 'renamed' && frame.name) this.store.update(store.withName, id, frame.name);
    else if (frame.change !== 'created') this.#loader.members(id);
  }

  #synced(frame) {
    this.store.update(store.withSynced, frame.conversations);
    this.#sync.done(frame.conversations);
    for (const id of Object.keys(frame.conversations)) this.#confirm(id);
  }

  // This device has it: told where someone waits for that.
  #confirm(id) {
    const c = this.state.conversations.get(id);
    if (c?.unread > 0) this.#receipts.delivered(id, c.last_seq, c.rev);
  }

  async #learn(id) {
    await this.#loader.conversation(id);
    if (this.state.open === id && this.state.conversations.has(id)) this.open(id);
  }

  #keep(item) {
    this.#outbox.put(item);
    this.store.update(store.withOutboxItem, item);
  }

  async #started(answer, people, fields) {
    const id = answer.conversation_id;
    this.store.update(store.withPeople, people);
    if (answer.last_seq === undefined && !this.state.conversations.has(id)) {
      answer = await this.#api.conversation(id).catch(() => answer);
    }
    this.store.update(store.withSummaries, [{ created_at: new Date().toISOString(), ...fields, ...answer }]);
    return id;
  }
}

// Pages that are not served over https, other than localhost, have no randomUUID.
function randomId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
