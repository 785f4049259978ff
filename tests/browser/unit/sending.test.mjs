import assert from 'node:assert/strict';
import test from 'node:test';
import { retryWaitMs } from '../../../dataplane/web/backoff.js';
import { Receipts } from '../../../dataplane/web/receipts.js';
import { Sender } from '../../../dataplane/web/sender.js';
import { Sync } from '../../../dataplane/web/sync.js';
import { FakeClock } from './fake_clock.mjs';

class FakeSocket {
  online = true;
  sent = [];
  send(frame) {
    if (!this.online) return false;
    this.sent.push(frame);
    return true;
  }
  take() {
    return this.sent.splice(0);
  }
}

function sending() {
  const socket = new FakeSocket();
  const bench = { socket, items: [], refused: [] };
  bench.sender = new Sender({ socket, items: () => bench.items, onRefused: (item, sentence) => {
    item.failed = sentence;
    bench.refused.push(sentence);
  } });
  bench.type = (id, conversation = 'C') => {
    bench.items.push({ client_msg_id: id, conversation_id: conversation, content: id, at: bench.items.length });
    bench.sender.pump();
  };
  bench.acked = (id) => {
    bench.items = bench.items.filter((item) => item.client_msg_id !== id);
    bench.sender.pump();
  };
  bench.sentIds = () => socket.take().map((frame) => frame.client_msg_id);
  return bench;
}

let clock;
test.beforeEach(() => {
  clock = new FakeClock();
});
test.afterEach(() => clock.stop());

test('one message of a conversation is in flight; the next goes after its ack', () => {
  const bench = sending();
  bench.type('a');
  bench.type('b');
  bench.type('x', 'D');
  assert.deepEqual(bench.sentIds(), ['a', 'x']);
  bench.acked('a');
  assert.deepEqual(bench.sentIds(), ['b']);
});

test('a new connection repeats what was in flight with the same client_msg_id', () => {
  const bench = sending();
  bench.type('a');
  bench.type('b');
  bench.socket.take();
  bench.sender.reconnected();
  assert.deepEqual(bench.sentIds(), ['a']);
});

test('typed while offline goes out in order later', () => {
  const bench = sending();
  bench.socket.online = false;
  bench.type('a');
  bench.type('b');
  bench.socket.online = true;
  bench.sender.reconnected();
  bench.acked('a');
  assert.deepEqual(bench.sentIds(), ['a', 'b']);
});

test('an ack that does not come is asked for again', () => {
  const bench = sending();
  bench.type('a');
  bench.socket.take();
  clock.tick(15000);
  assert.deepEqual(bench.sentIds(), ['a']);
});

test('a limit makes the conversation wait as long as it says, without letting the next overtake', () => {
  const bench = sending();
  bench.type('a');
  bench.type('b');
  const [frame] = bench.socket.take();
  assert.equal(bench.sender.refused({ type: 'error', id: frame.id, code: 'rate_limited', retry_after_ms: 7000 }), true);
  clock.tick(6999);
  assert.deepEqual(bench.sentIds(), []);
  clock.tick(1);
  assert.deepEqual(bench.sentIds(), ['a']);
});

test('a refusal is told with its sentence and the next message goes on', () => {
  const bench = sending();
  bench.type('a');
  bench.type('b');
  const [frame] = bench.socket.take();
  bench.sender.refused({ type: 'error', id: frame.id, code: 'moderated', message: 'Not here.' });
  assert.deepEqual(bench.refused, ['Not here.']);
  assert.deepEqual(bench.sentIds(), ['b']);
});

test('an error without our id is not ours', () => {
  const bench = sending();
  bench.type('a');
  assert.equal(bench.sender.refused({ type: 'error', code: 'bad_request' }), false);
});

test('receipts of a moment are one, and the largest', () => {
  const socket = new FakeSocket();
  const receipts = new Receipts(socket);
  receipts.delivered('C', 1, 1);
  receipts.delivered('C', 3, 4);
  receipts.read('C', 2);
  receipts.read('C', 3);
  clock.tick(200);
  assert.deepEqual(socket.take(), [
    { type: 'receipt', conversation_id: 'C', seq: 3, rev: 4, status: 'delivered' },
    { type: 'receipt', conversation_id: 'C', seq: 3, status: 'read' },
  ]);
});

test('receipts wait for a connection, and late ones are told again on the next', () => {
  const socket = new FakeSocket();
  const receipts = new Receipts(socket);
  socket.online = false;
  receipts.read('C', 5);
  clock.tick(200);
  socket.online = true;
  receipts.reconnected(Date.now());
  assert.equal(socket.take().length, 1);
  receipts.reconnected(Date.now());
  assert.equal(socket.take().length, 1, 'the lost connection may have swallowed it');
  clock.tick(31000);
  receipts.reconnected(Date.now());
  assert.equal(socket.take().length, 0);
});

test('one sync at a time; what is missing meanwhile is asked for after it, unless it came', () => {
  const socket = new FakeSocket();
  const revs = { C: 1, D: 2 };
  const sync = new Sync(socket, () => ({ ...revs }));
  sync.start();
  sync.fill('C', 1);
  sync.fill('D', 2);
  assert.deepEqual(socket.take().map((frame) => frame.conversations), [{ C: 1, D: 2 }]);
  revs.C = 3;
  sync.done({ C: 3, D: 2 });
  assert.deepEqual(socket.take().map((frame) => frame.conversations), [{ C: 3, D: 2 }]);
  sync.fill('C', 3);
  sync.done({ C: 4, D: 5 });
  assert.equal(sync.running, false);
  assert.deepEqual(socket.take(), []);
});

test('a sync that is refused or unanswered is asked again', () => {
  const socket = new FakeSocket();
  const sync = new Sync(socket, () => ({ C: 1 }));
  sync.start();
  const [frame] = socket.take();
  sync.refused({ type: 'error', id: frame.id, code: 'unavailable', retry_after_ms: 2000 });
  clock.tick(2000);
  assert.equal(socket.take().length, 1);
  clock.tick(30000);
  assert.equal(socket.take().length, 1);
});

test('the back-off grows from a second to half a minute and spreads', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 50].map((attempt) => retryWaitMs(attempt, 1)), [1000, 2000, 4000, 8000, 16000, 30000, 30000]);
  assert.equal(retryWaitMs(3, 0), 4000);
});
