// Ticks for the heartbeat. Browsers slow the timers of a hidden page down to one a minute, and a gateway ends a
// connection that is silent for that long; a worker's timers keep their pace.
let timer = null;

onmessage = ({ data: everyMs }) => {
  clearInterval(timer);
  timer = everyMs ? setInterval(() => postMessage('tick'), everyMs) : null;
};
