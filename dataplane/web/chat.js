import { retryWaitMs } from './backoff.js';
import { Inbox } from './inbox.js';
import { Loader } from './loader.js';
import { Outbox } from './outbox.js';
import { Receipts } from './receipts.js';
import { Sender } from './sender.js';
import { ChatSocket } from './socket.js';
import * as store from './store.js';
import { Sync } from './sync.js';

// The server has the last word on the length; this keeps a frame from being so long that it would end the connection.
const kMostCharacters = 100000;

// One signed-in person's chat: joins the parts, and makes frames and calls of what the person does. Lives from sign-in to
// stop(). The views read the store and call the public functions.
export class Chat {
  #api;
  #inbox;
  #loader;
  #outbox;
  #receipts;
  #sender;
  #sync;
  #retry = null;
  #stopped = false;
  #wasReady = false;
  #onSignedOut;

  // heard, told: see Inbox.
  constructor({ api, me, storage, onSignedOut, heard = () => {}, told = () => {} }) {
    this.#api = api;
    this.#onSignedOut = onSignedOut;
    this.store = new store.Store(store.initialState(me));
    this.socket = new ChatSocket({
      connect: () => api.connect(),
      renew: () => api.refresh(),
      token: () => api.token,
      onReady: () => this.#ready(),
      onFrame: (frame) => this.#inbox.receive(frame),
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
    this.#inbox = new Inbox({
      store: this.store,
      outbox: this.#outbox,
      sender: this.#sender,
      receipts: this.#receipts,
      sync: this.#sync,
      loader: this.#loader,
      learn: (id) => this.#learn(id),
      forget: (id) => this.#forget(id),
      heard,
      told,
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
    const characters = [...content].length;
    if (characters > kMostCharacters) {
      return `A message can have ${kMostCharacters.toLocaleString()} characters; this one has ${characters.toLocaleString()}.`;
    }
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
    this.#forget(id);
  }

  // ---- how it goes on
  #ready() {
    this.#sync.start();
    for (const item of this.#outbox.list()) this.store.update(store.withOutboxItem, item);  // another tab's too
    this.#sender.reconnected();
    for (const id of this.state.conversations.keys()) this.#inbox.confirm(id);
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

  #forget(id) {
    for (const item of this.state.outbox) if (item.conversation_id === id) this.discard(item);
    this.store.update(store.withoutConversation, id);
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
