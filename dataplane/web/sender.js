import { retryWaitMs } from './backoff.js';

// Sends the outbox: one message of each conversation at a time, so that what was typed first is first, however often the
// connection is lost between. A message leaves only by its ack, by its own `message` frame, or by the person.
const kAckDeadlineMs = 15000;

// Errors that a later try can mend.
const kPassing = new Set(['rate_limited', 'unavailable']);

export class Sender {
  #socket;
  #items;
  #onRefused;
  #inFlight = new Map();  // conversation_id → {client_msg_id, timer}
  #tries = new Map();     // client_msg_id → count of passing errors

  // items(): the outbox in order; onRefused(item, sentence): this one will not go out by itself.
  constructor({ socket, items, onRefused }) {
    this.#socket = socket;
    this.#items = items;
    this.#onRefused = onRefused;
  }

  // Call whenever something was added or removed, or the connection is back.
  pump() {
    const first = new Map();
    for (const item of this.#items()) {
      if (!item.failed && !first.has(item.conversation_id)) first.set(item.conversation_id, item);
    }
    for (const [id, flight] of this.#inFlight) {
      if (first.get(id)?.client_msg_id !== flight.client_msg_id) this.#land(id);
    }
    for (const [id, item] of first) if (!this.#inFlight.has(id)) this.#send(item);
  }

  // A new connection: what was in flight on the old one is sent again.
  reconnected() {
    for (const id of [...this.#inFlight.keys()]) this.#land(id);
    this.pump();
  }

  // An `error` that answers one of ours; false where it answers something else.
  refused(frame) {
    const flight = [...this.#inFlight].find(([, one]) => one.frame_id === frame.id);
    if (!flight || frame.id === undefined) return false;
    const [id, { client_msg_id: clientMsgId }] = flight;
    const item = this.#items().find((one) => one.client_msg_id === clientMsgId);
    this.#land(id);
    if (item && kPassing.has(frame.code)) this.#again(item, frame.retry_after_ms ?? 0);
    else {
      if (item) this.#onRefused(item, frame.message ?? 'This message was refused.');
      this.pump();
    }
    return true;
  }

  #send(item) {
    const frameId = `send-${item.client_msg_id}`;
    const sent = this.#socket.send({
      type: 'msg.send',
      id: frameId,
      conversation_id: item.conversation_id,
      content: item.content,
      message_type: 'text',
      client_msg_id: item.client_msg_id,
    });
    if (sent) this.#hold(item, frameId, kAckDeadlineMs);
  }

  // The conversation waits, then the same message goes out again.
  #again(item, atLeastMs) {
    const tries = this.#tries.get(item.client_msg_id) ?? 0;
    this.#tries.set(item.client_msg_id, tries + 1);
    this.#hold(item, null, Math.max(atLeastMs, retryWaitMs(tries, Math.random())));
  }

  #hold(item, frameId, waitMs) {
    const timer = setTimeout(() => {
      this.#land(item.conversation_id, false);
      this.pump();
    }, waitMs);
    this.#inFlight.set(item.conversation_id, { client_msg_id: item.client_msg_id, frame_id: frameId, timer });
  }

  #land(id, done = true) {
    const flight = this.#inFlight.get(id);
    clearTimeout(flight.timer);
    this.#inFlight.delete(id);
    if (done && !this.#items().some((item) => item.client_msg_id === flight.client_msg_id)) {
      this.#tries.delete(flight.client_msg_id);
    }
  }
}
