import { leavesGap } from './conversation.js';
import * as store from './store.js';

// What the server says: each frame becomes transitions of the store, and what follows from it.
export class Inbox {
  #parts;

  // store, outbox, sender, receipts, sync, loader: the chat's. learn(id): asks for a conversation that a frame named;
  // forget(id): it is not mine any more. heard({conversation, message, live}): a new message of someone else;
  // told(sentence): something to say.
  constructor(parts) {
    this.#parts = parts;
  }

  get #state() {
    return this.#parts.store.state;
  }

  receive(frame) {
    const { store: target, sender, sync } = this.#parts;
    switch (frame.type) {
      case 'message':
      case 'message.updated':
        return this.#message(frame);
      case 'ack':
        target.update(store.withAck, frame);
        return this.#left(frame.client_msg_id);
      case 'receipt':
        return target.update(store.withReceipt, frame);
      case 'conversation':
        return this.#changed(frame);
      case 'sync.done':
        return this.#synced(frame);
      case 'error':
        if (!sender.refused(frame)) sync.refused(frame);
    }
  }

  // This device has what is unread there: told where someone may wait for that.
  confirm(id) {
    const c = this.#state.conversations.get(id);
    if (c?.unread > 0) this.#parts.receipts.delivered(id, c.last_seq, c.rev);
  }

  #message(frame) {
    const { store: target, receipts, sync, loader, learn, heard } = this.#parts;
    const id = frame.conversation_id;
    const known = this.#state.conversations.get(id);
    const fresh = frame.type === 'message' && frame.seq > (known?.last_seq ?? 0);
    if (!known) learn(id);
    else if (leavesGap(known, frame)) sync.fill(id, known.rev);
    target.update(store.withMessage, frame);
    if (frame.sender_id === this.#state.me.user_id) return this.#left(frame.client_msg_id);
    loader.person(frame.sender_id);
    const now = this.#state.conversations.get(id);
    if (!sync.running) receipts.delivered(id, now.last_seq, now.rev);
    if (fresh && !frame.deleted) heard({ conversation: now, message: frame, live: !sync.running });
  }

  // Out of the outbox; the next one of its conversation may go.
  #left(clientMsgId) {
    this.#parts.outbox.remove(clientMsgId);
    this.#parts.sender.pump();
  }

  #changed(frame) {
    const { store: target, loader, learn, forget, told } = this.#parts;
    const id = frame.conversation_id;
    const conversation = this.#state.conversations.get(id);
    const mine = frame.user_id === this.#state.me.user_id;
    if (frame.change === 'deleted' || (frame.change === 'member_removed' && mine)) {
      if (!conversation) return;
      told(`You are no longer in “${store.titleOf(this.#state, conversation)}”.`);
      forget(id);
    } else if (!conversation) learn(id);
    else if (frame.change === 'renamed' && frame.name) target.update(store.withName, id, frame.name);
    else if (frame.change !== 'created') loader.members(id);
  }

  #synced(frame) {
    this.#parts.store.update(store.withSynced, frame.conversations);
    this.#parts.sync.done(frame.conversations);
    for (const id of Object.keys(frame.conversations)) this.confirm(id);
  }
}
