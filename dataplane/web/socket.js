import { retryWaitMs } from './backoff.js';
import { every } from './heartbeat.js';

// One live connection to a gateway, kept up until stop(). Each try asks POST /v1/connect for a gateway anew, so a dead or
// draining one is left behind. It knows nothing of conversations: frames go up, frames go down.
//
// phases: connecting → online → (waiting → connecting …) → stopped
const kReadyDeadlineMs = 10000;  // from opening to `ready`
const kPongDeadlineMs = 10000;
const kStableMs = 5000;  // a connection that lived this long starts the back-off from its beginning

export class ChatSocket {
  #options;
  #socket = null;
  #attempt = 0;
  #retry = null;
  #deadline = null;
  #stopHeartbeat = () => {};
  #readyAt = 0;
  #running = false;
  #renewToken = false;
  #skipWait = false;
  #generation = 0;
  #nextId = 1;

  // connect(): the gateway's address; renew(): a new access token; token(): the present one.
  // onReady(frame), onFrame(frame), onPhase({phase, retryInMs, sentence}), onSignedOut()
  constructor(options) {
    this.#options = { WebSocket: globalThis.WebSocket, random: Math.random, ...options };
    this.phase = 'stopped';
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    this.#open();
  }

  stop() {
    this.#running = false;
    this.#drop();
    this.#setPhase('stopped');
  }

  // The network came back, or the person asks: do not wait for the timer.
  retryNow() {
    if (this.phase !== 'waiting') return;
    this.#attempt = 0;
    this.#open();
  }

  // False where there is no connection: the caller keeps what must not be lost.
  send(frame) {
    if (this.phase !== 'online') return false;
    this.#socket.send(JSON.stringify({ id: String(this.#nextId++), ...frame }));
    return true;
  }

  async #open() {
    this.#drop();
    const generation = this.#generation;
    this.#setPhase('connecting');
    let gateway;
    try {
      if (this.#renewToken) await this.#options.renew();
      this.#renewToken = false;
      gateway = await this.#options.connect();
    } catch (problem) {
      if (generation !== this.#generation) return;
      if (problem.status === 401) {
        this.stop();
        this.#options.onSignedOut();
      } else {
        this.#wait(problem.status ? problem.message : '', problem.retryAfterMs);  // a server's own words only
      }
      return;
    }
    if (generation === this.#generation) this.#dial(gateway, generation);
  }

  #dial(gateway, generation) {
    const current = () => generation === this.#generation;
    const socket = new this.#options.WebSocket(gateway.ws_url, ['chat.v1.json']);
    this.#socket = socket;
    this.#deadline = setTimeout(() => current() && this.#lost(0), kReadyDeadlineMs);
    socket.onopen = () => socket.send(JSON.stringify({ type: 'auth', token: this.#options.token() }));
    socket.onmessage = (event) => current() && this.#receive(event.data);
    socket.onclose = (event) => current() && this.#lost(event.code);
  }

  #receive(text) {
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {
      return;
    }
    clearTimeout(this.#deadline);
    if (frame.type === 'ready') this.#ready(frame);
    else if (frame.type === 'server_maintenance') this.#lost(1012);
    else if (frame.type !== 'pong') this.#options.onFrame(frame);
  }

  #ready(frame) {
    this.#readyAt = Date.now();
    this.gateway = frame.gateway;
    this.#stopHeartbeat = every((frame.heartbeat_seconds ?? 30) * 1000, () => {
      clearTimeout(this.#deadline);
      if (this.send({ type: 'ping' })) this.#deadline = setTimeout(() => this.#lost(4408), kPongDeadlineMs);
    });
    this.#setPhase('online');
    this.#options.onReady(frame);
  }

  #lost(code) {
    const lived = this.#readyAt ? Date.now() - this.#readyAt : 0;
    this.#drop();
    if (!this.#running) return;
    if (lived >= kStableMs) {
      this.#attempt = 0;
      this.#skipWait = false;
    }
    this.#renewToken = code === 4401;
    // A planned restart or an old token: the next try can be at once, but only once in a row.
    if ((code === 1012 || code === 4401) && !this.#skipWait) {
      this.#skipWait = true;
      this.#open();
    } else {
      this.#wait(code === 4429 ? 'This account has too many windows open. Close one to go on here.' : '');
    }
  }

  #wait(sentence = '', atLeastMs = 0) {
    this.#skipWait = true;
    const wait = Math.max(atLeastMs, retryWaitMs(this.#attempt++, this.#options.random()));
    this.#setPhase('waiting', wait, sentence);
    this.#retry = setTimeout(() => this.#open(), wait);
  }

  // Forgets the present connection: its late events are of an old generation.
  #drop() {
    this.#generation++;
    clearTimeout(this.#retry);
    clearTimeout(this.#deadline);
    this.#stopHeartbeat();
    this.#stopHeartbeat = () => {};
    this.#readyAt = 0;
    const socket = this.#socket;
    this.#socket = null;
    if (socket && socket.readyState <= 1) socket.close(1000);
  }

  #setPhase(phase, retryInMs = 0, sentence = '') {
    this.phase = phase;
    this.#options.onPhase({ phase, retryInMs, sentence });
  }
}
