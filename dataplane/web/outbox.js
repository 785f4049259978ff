// What was typed and is not acknowledged yet, kept across reloads in the browser's storage, one key an item: two tabs of
// one user then never overwrite each other, and a message that both send is one message (client_msg_id).
const kPrefix = 'chatcluster.outbox.';
const kMostItems = 500;  // typed while offline; past it the composer says so

export class Outbox {
  #storage;
  #prefix;
  #last = 0;

  constructor(storage, userId) {
    this.#storage = storage;
    this.#prefix = `${kPrefix}${userId}.`;
  }

  // Null where the outbox is full. `now` orders the items; two of the same moment keep their order.
  add(conversationId, content, now, clientMsgId) {
    if (this.list().length >= kMostItems) return null;
    this.#last = Math.max(now, this.#last + 1);
    const item = { client_msg_id: clientMsgId, conversation_id: conversationId, content, at: this.#last };
    this.put(item);
    return item;
  }

  put(item) {
    try {
      this.#storage.setItem(this.#prefix + item.client_msg_id, JSON.stringify(item));
    } catch {
      // Storage full or forbidden: the message still goes out of memory, it only does not survive a reload.
    }
  }

  remove(clientMsgId) {
    this.#storage.removeItem(this.#prefix + clientMsgId);
  }

  clear() {
    for (const key of this.#keys()) this.#storage.removeItem(key);
  }

  list() {
    const items = [];
    for (const key of this.#keys()) {
      try {
        const item = JSON.parse(this.#storage.getItem(key));
        if (item?.client_msg_id && item.conversation_id && typeof item.content === 'string') items.push(item);
      } catch {
        this.#storage.removeItem(key);
      }
    }
    return items.sort((a, b) => a.at - b.at);
  }

  #keys() {
    const keys = [];
    for (let i = 0; i < this.#storage.length; i++) {
      const key = this.#storage.key(i);
      if (key.startsWith(this.#prefix)) keys.push(key);
    }
    return keys;
  }
}
