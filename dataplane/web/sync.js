import { retryWaitMs } from './backoff.js';

// Asks a gateway for what changed since the revs we have: one question at a time, with a deadline; what turns out to be
// missing meanwhile is asked for after it. A new connection starts anew. Every question names every conversation: for one
// that is not named the server goes back to what this device last confirmed, which is further than needed.
const kDeadlineMs = 30000;
const kFrameId = 'sync';

export class Sync {
  #socket;
  #revs;
  #missing = new Map();  // conversation_id → the rev after which something was lost during a sync
  #timer = null;
  #running = false;
  #refusals = 0;

  // revs(): the last rev of every conversation.
  constructor(socket, revs) {
    this.#socket = socket;
    this.#revs = revs;
  }

  get running() {
    return this.#running;
  }

  start() {
    clearTimeout(this.#timer);
    this.#missing.clear();
    this.#running = this.#socket.send({ type: 'sync', id: kFrameId, conversations: this.#revs() });
    if (this.#running) this.#later(kDeadlineMs);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#running = false;
  }

  // Something after `rev` of this conversation was lost.
  fill(id, rev) {
    if (!this.#running) this.start();
    else if (!this.#missing.has(id)) this.#missing.set(id, rev);
  }

  done(revs) {
    this.stop();
    this.#refusals = 0;
    if ([...this.#missing].some(([id, rev]) => (revs[id] ?? 0) <= rev)) this.start();
    this.#missing.clear();
  }

  // True where the error answers our question: it is asked again.
  refused(frame) {
    if (frame.id !== kFrameId) return false;
    this.#later(Math.max(retryWaitMs(this.#refusals++, 1), frame.retry_after_ms ?? 0));
    return true;
  }

  #later(waitMs) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.start(), waitMs);
  }
}
