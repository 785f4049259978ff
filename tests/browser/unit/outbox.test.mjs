import assert from 'node:assert/strict';
import test from 'node:test';
import { Outbox } from '../../../dataplane/web/outbox.js';

class MemoryStorage {
  #items = new Map();
  get length() {
    return this.#items.size;
  }
  key(index) {
    return [...this.#items.keys()][index] ?? null;
  }
  getItem(key) {
    return this.#items.get(key) ?? null;
  }
  setItem(key, value) {
    this.#items.set(key, value);
  }
  removeItem(key) {
    this.#items.delete(key);
  }
}

test('what was typed survives a reload, in its order, with its id', () => {
  const storage = new MemoryStorage();
  const before = new Outbox(storage, 'ME');
  before.add('C', 'one', 1000, 'a');
  before.add('C', 'two', 1000, 'b');
  before.add('D', 'three', 900, 'c');  // the clock stepped back
  assert.deepEqual(new Outbox(storage, 'ME').list().map((item) => [item.client_msg_id, item.content]), [['a', 'one'], ['b', 'two'], ['c', 'three']]);
});

test('each person has an outbox of their own', () => {
  const storage = new MemoryStorage();
  new Outbox(storage, 'ME').add('C', 'mine', 1, 'a');
  const other = new Outbox(storage, 'YOU');
  assert.deepEqual(other.list(), []);
  other.clear();
  assert.equal(new Outbox(storage, 'ME').list().length, 1);
});

test('a broken entry is dropped, the others stay', () => {
  const storage = new MemoryStorage();
  const outbox = new Outbox(storage, 'ME');
  outbox.add('C', 'good', 1, 'a');
  storage.setItem('chatcluster.outbox.ME.x', '{"content":');
  storage.setItem('chatcluster.outbox.ME.y', '{"content":7}');
  assert.deepEqual(outbox.list().map((item) => item.content), ['good']);
});

test('a full storage does not lose the message in hand', () => {
  const outbox = new Outbox(Object.assign(new MemoryStorage(), { setItem() { throw new Error('quota'); } }), 'ME');
  assert.equal(outbox.add('C', 'text', 1, 'a').content, 'text');
});

test('the outbox has a bound, and says when it is full', () => {
  const outbox = new Outbox(new MemoryStorage(), 'ME');
  for (let i = 0; i < 500; i++) assert.ok(outbox.add('C', 'x', i, `id${i}`));
  assert.equal(outbox.add('C', 'x', 501, 'more'), null);
});
