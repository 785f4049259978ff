// Timers and Date.now() that move only when a test says so. Takes the place of the real ones from its making to stop().
export class FakeClock {
  #real = { setTimeout, clearTimeout, setInterval, clearInterval, now: Date.now };
  #now = 1700000000000;
  #timers = new Map();  // id → {at, every, run}
  #nextId = 1;

  constructor() {
    const add = (run, wait, every) => {
      this.#timers.set(this.#nextId, { at: this.#now + wait, every, run });
      return this.#nextId++;
    };
    const remove = (id) => this.#timers.delete(id);
    globalThis.setTimeout = (run, wait = 0) => add(run, wait, 0);
    globalThis.setInterval = (run, wait) => add(run, wait, wait);
    globalThis.clearTimeout = remove;
    globalThis.clearInterval = remove;
    Date.now = () => this.#now;
  }

  stop() {
    const { now, ...timers } = this.#real;
    Object.assign(globalThis, timers);
    Date.now = now;
  }

  tick(milliseconds) {
    const end = this.#now + milliseconds;
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      const [id, timer] = due;
      this.#now = timer.at;
      if (timer.every) timer.at += timer.every;
      else this.#timers.delete(id);
      timer.run();
    }
    this.#now = end;
  }
}
