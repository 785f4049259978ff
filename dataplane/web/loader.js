import * as store from './store.js';

// Asks chat-api for what the socket does not bring, and puts the answers into the store. One question of a kind at a time.
export class Loader {
  #api;
  #store;
  #asking = new Set();

  constructor(api, target) {
    this.#api = api;
    this.#store = target;
  }

  isAsking(id) {
    return this.#asking.has(id);
  }

  // All my conversations. Fails with a Problem: without the list there is nothing to show.
  async list() {
    const before = new Set(this.#store.state.conversations.keys());
    const { items, complete } = await this.#api.conversations((page) => this.#store.update(store.withSummaries, page));
    this.#store.update(store.withSummaries, items, { listed: true, gone: complete ? before : new Set() });
  }

  // One that a frame or an address named. Where it is not mine it leaves the store.
  async conversation(id) {
    await this.#once(id, async () => {
      try {
        this.#store.update(store.withSummaries, [await this.#api.conversation(id)]);
      } catch (problem) {
        if (problem.status === 404 || problem.status === 403) this.#store.update(store.withoutConversation, id);
      }
    });
  }

  newest(id) {
    return this.#page(id, 'newest', {});
  }

  async older(id) {
    const conversation = this.#store.state.conversations.get(id);
    if (!conversation?.loaded || conversation.loading || conversation.start_reached) return;
    await this.#page(id, 'older', { before: conversation.messages[0]?.seq });
  }

  async members(id) {
    try {
      const answer = await this.#api.members(id);
      this.#store.update(store.withMembers, id, answer.items, !answer.next_cursor);
    } catch {
      // Names and ticks stay as they were; the next opening or connection asks again.
    }
  }

  // Who wrote but is not a member any more, or wrote where the members were never asked for.
  async person(id) {
    if (!id || this.#store.state.people.has(id)) return;
    await this.#once(id, async () => {
      try {
        this.#store.update(store.withPeople, [await this.#api.user(id)]);
      } catch {
        // Shown as someone; the next message of theirs asks again.
      }
    });
  }

  async #page(id, what, range) {
    if (this.#store.state.conversations.get(id)?.loading) return;
    this.#store.update(store.withLoading, id, what);
    try {
      const page = await this.#api.messages(id, range);
      this.#store.update(store.withHistory, id, page);
      for (const sender of new Set(page.items.map((item) => item.sender_id))) this.person(sender);
    } catch (problem) {
      this.#store.update(store.withLoading, id, null, problem.message);
    }
  }

  async #once(key, ask) {
    if (this.#asking.has(key)) return;
    this.#asking.add(key);
    try {
      await ask();
    } finally {
      this.#asking.delete(key);
    }
  }
}
