// Asks a gateway for what changed since the revs we have: one question at a time, with a deadline; what turns out to be
// missing meanwhile is asked for after it. A new connection starts anew.
const kDeadlineMs = 30000;
const kAgainMs = 1000;
const kFrameId = 'sync';

export class Sync {
  #socket;
  #revs;
  #missing = new Map();  // conversation_id → the rev to ask from
  #timer = null;
  #running = false;

  // revs(): the last rev of every conversation.
  constructor(socket, revs) {
    this.#socket = socket;
    this.#revs = revs;
  }

  get running() {
    return this.#running;
  }

  // On a new connection: everything.
  start() {
    this.#missing.clear();
    this.#ask(this.#revs());
  }

  stop() {
    clearTimeout(this.#timer);
    this.#running = false;
  }

  fill(id, rev) {
    if (!this.#running) this.#ask({ [id]: rev });
    else if (!this.#missing.has(id)) this.#missing.set(id, rev);
  }

  done(revs) {
    this.stop();
    const missing = [...this.#missing].filter(([id, rev]) => (revs[id] ?? 0) <= rev);
    this.#missing.clear();
    if (missing.length > 0) this.#ask(Object.fromEntries(missing));
  }

  // True where the error answers our question: it is asked again.
  refused(frame) {
    if (frame.id !== kFrameId) return false;
    this.#later(Math.max(kAgainMs, frame.retry_after_ms ?? 0));
    return true;
  }

  #ask(revs) {
    clearTimeout(this.#timer);
    this.#running = this.#socket.send({ type: 'sync', id: kFrameId, conversations: revs });
    if (this.#running) this.#later(kDeadlineMs);
  }

  #later(waitMs) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.start(), waitMs);
  }
}
