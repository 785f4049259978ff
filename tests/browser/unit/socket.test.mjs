import assert from 'node:assert/strict';
import test from 'node:test';
import { Api, Problem } from '../../../dataplane/web/api.js';
import { ChatSocket } from '../../../dataplane/web/socket.js';
import { FakeClock } from './fake_clock.mjs';

// The WebSocket of a browser, as far as ChatSocket leans on it.
class FakeWebSocket {
  static made = [];
  readyState = 0;
  sent = [];
  constructor(url, protocols) {
    Object.assign(this, { url, protocols });
    FakeWebSocket.made.push(this);
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.readyState = 3;
  }
  serverOpens() {
    this.readyState = 1;
    this.onopen();
    this.serverSends({ type: 'ready', gateway: 'gateway-0', heartbeat_seconds: 30 });
  }
  serverSends(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }
  serverCloses(code) {
    this.readyState = 3;
    this.onclose({ code });
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

async function started(options = {}) {
  const bench = { phases: [], frames: [], ready: 0, renewed: 0, connects: 0, signedOut: 0 };
  bench.socket = new ChatSocket({
    WebSocket: FakeWebSocket,
    random: () => 1,
    connect: async () => {
      bench.connects++;
      return { ws_url: `ws://gateway-${bench.connects}/v1/ws` };
    },
    renew: async () => {
      bench.renewed++;
    },
    token: () => 'token',
    onReady: () => bench.ready++,
    onFrame: (frame) => bench.frames.push(frame),
    onPhase: ({ phase }) => bench.phases.push(phase),
    onSignedOut: () => bench.signedOut++,
    ...options,
  });
  bench.socket.start();
  await settle();
  return bench;
}

const last = () => FakeWebSocket.made.at(-1);

let clock;
test.beforeEach(() => {
  FakeWebSocket.made = [];
  clock = new FakeClock();
});
test.afterEach(() => clock.stop());

test('it asks for a gateway, names the protocol and signs in with the first frame', async () => {
  const bench = await started();
  assert.equal(last().url, 'ws://gateway-1/v1/ws');
  assert.deepEqual(last().protocols, ['chat.v1.json']);
  last().serverOpens();
  assert.deepEqual(last().sent[0], { type: 'auth', token: 'token' });
  assert.equal(bench.ready, 1);
  assert.equal(bench.socket.send({ type: 'ping' }), true);
});

test('a lost connection waits with back-off and asks for a gateway anew', async () => {
  const bench = await started();
  last().serverOpens();
  last().serverCloses(1006);
  assert.equal(bench.phases.at(-1), 'waiting');
  clock.tick(1000);
  await settle();
  assert.equal(last().url, 'ws://gateway-2/v1/ws');
  last().serverCloses(1006);
  clock.tick(1999);
  await settle();
  assert.equal(bench.connects, 2);
  clock.tick(1);
  await settle();
  assert.equal(bench.connects, 3);
});

test('announced maintenance reconnects at once, but not twice in a row', async () => {
  const bench = await started();
  last().serverOpens();
  last().serverSends({ type: 'server_maintenance', retry_after_ms: 5000 });
  await settle();
  assert.equal(bench.connects, 2);
  last().serverOpens();
  last().serverCloses(1012);
  await settle();
  assert.equal(bench.connects, 2);
  assert.equal(bench.phases.at(-1), 'waiting');
});

test('4401 renews the token before it reconnects', async () => {
  const bench = await started();
  last().serverCloses(4401);
  await settle();
  assert.equal(bench.renewed, 1);
  assert.equal(bench.connects, 2);
});

test('a session that ended says so and stops', async () => {
  const bench = await started({ connect: async () => { throw new Problem('unauthorized', 'no', { status: 401 }); } });
  assert.equal(bench.signedOut, 1);
  assert.equal(bench.phases.at(-1), 'stopped');
});

test('it pings by the heartbeat, and without an answer the connection counts as lost', async () => {
  const bench = await started();
  last().serverOpens();
  clock.tick(30000);
  assert.equal(last().sent.at(-1).type, 'ping');
  last().serverSends({ type: 'pong' });
  clock.tick(30000);
  assert.equal(bench.phases.at(-1), 'online');
  clock.tick(10000);
  assert.equal(bench.phases.at(-1), 'waiting');
});

test('a gateway that accepts but is never ready is left', async () => {
  const bench = await started();
  clock.tick(10000);
  assert.equal(bench.phases.at(-1), 'waiting');
});

test('frames and closes of a connection that was left are not heard', async () => {
  const bench = await started();
  const old = last();
  old.serverOpens();
  old.serverSends({ type: 'server_maintenance' });
  await settle();
  last().serverOpens();
  old.serverSends({ type: 'message', seq: 1 });
  old.serverCloses(1012);
  assert.deepEqual(bench.frames, []);
  assert.equal(bench.phases.at(-1), 'online');
});

test('text that is no JSON is left out, the connection stays', async () => {
  const bench = await started();
  last().serverOpens();
  last().onmessage({ data: '{' });
  assert.equal(bench.phases.at(-1), 'online');
});

function answering(...answers) {
  const asked = [];
  const fetch = async (path, { headers }) => {
    asked.push(`${path} ${headers.authorization ?? ''}`.trim());
    const [status, body, more = {}] = answers.shift();
    return new Response(status === 204 ? null : JSON.stringify(body), { status, headers: more });
  };
  return { api: new Api({ fetch }), asked };
}

test('an old access token is renewed once, behind the caller’s back', async () => {
  const { api, asked } = answering(
    [200, { access_token: 'old', user_id: 'ME' }], [401, { code: 'unauthorized' }], [200, { access_token: 'new', user_id: 'ME' }], [200, { user_id: 'ME' }]);
  await api.refresh();
  assert.deepEqual(await api.me(), { user_id: 'ME' });
  assert.deepEqual(asked, ['/v1/auth/refresh', '/v1/users/me Bearer old', '/v1/auth/refresh', '/v1/users/me Bearer new']);
});

test('callers that need a token at the same time share one refresh', async () => {
  const { api, asked } = answering([200, { access_token: 't' }], [200, {}], [200, {}]);
  await Promise.all([api.me(), api.me()]);
  assert.equal(asked.filter((one) => one === '/v1/auth/refresh').length, 1);
});

test('a problem is its sentence, its code and the time to wait', async () => {
  const { api } = answering([429, { code: 'rate_limited', detail: 'Too many tries. Wait a minute.' }, { 'retry-after': '60' }]);
  await assert.rejects(api.login({}), (problem) => {
    assert.equal(problem.message, 'Too many tries. Wait a minute.');
    assert.equal(problem.code, 'rate_limited');
    assert.equal(problem.retryAfterMs, 60000);
    return true;
  });
});

test('no answer is a sentence too', async () => {
  const api = new Api({ fetch: async () => { throw new TypeError('failed'); } });
  await assert.rejects(api.login({}), { code: 'offline', message: /cannot be reached/ });
});
