// every(milliseconds, tick) → stop(). At its pace in a hidden page too, where the browser has workers.
export function every(milliseconds, tick) {
  let worker;
  try {
    worker = new Worker('/heartbeat_worker.js');
  } catch {
    const timer = setInterval(tick, milliseconds);
    return () => clearInterval(timer);
  }
  worker.onmessage = tick;
  worker.postMessage(milliseconds);
  return () => worker.terminate();
}
