// Tells the server how far this device is: `delivered` for what arrived, `read` for what was on screen. Receipts of one
// conversation are put together for a moment, wait while there is no connection, and are told again on a new connection
// when the old one may have lost them. They only ever grow, so a repeat does no harm.
const kGatherMs = 200;
const kToldAgainMs = 30000;

export class Receipts {
  #socket;
  #wanted = new Map();  // conversation_id → {delivered?: {seq, rev}, read?: {seq}}
  #told = new Map();    // the same, with when
  #timer = null;

  constructor(socket) {
    this.#socket = socket;
  }

  delivered(id, seq, rev) {
    const before = this.#wanted.get(id)?.delivered;
    if (seq > 0 && !(before?.rev >= rev && before.seq >= seq)) this.#want(id, { delivered: { seq, rev } });
  }

  read(id, seq) {
    if (seq > (this.#wanted.get(id)?.read?.seq ?? 0)) this.#want(id, { read: { seq } });
  }

  reconnected(now) {
    for (const [id, told] of this.#told) {
      if (now - told.at < kToldAgainMs) this.#want(id, { ...told.receipts, ...this.#wanted.get(id) });
    }
    this.#told.clear();
    this.flush(now);
  }

  flush(now = Date.now()) {
    clearTimeout(this.#timer);
    this.#timer = null;
    for (const [id, wanted] of this.#wanted) {
      for (const [status, { seq, rev }] of Object.entries(wanted)) {
        if (!this.#socket.send({ type: 'receipt', conversation_id: id, seq, ...(rev && { rev }), status })) return;
      }
      this.#wanted.delete(id);
      this.#told.set(id, { at: now, receipts: { ...this.#told.get(id)?.receipts, ...wanted } });
    }
  }

  #want(id, receipts) {
    this.#wanted.set(id, { ...this.#wanted.get(id), ...receipts });
    this.#timer ??= setTimeout(() => this.flush(), kGatherMs);
  }
}
