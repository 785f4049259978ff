import { el, setText } from './dom.js';

// One line that says when messages cannot flow, and is silent when they can. A blink shorter than kPatienceMs is not shown.
const kPatienceMs = 700;

export function connectionStatus({ store, retryNow }) {
  const text = el('span', { role: 'status', 'aria-live': 'polite' });
  const retry = el('button.text-button', { type: 'button', onclick: retryNow, hidden: true }, 'Try now');
  const view = el('div.connection', {}, el('span.connection-dot', { 'aria-hidden': 'true' }), text, retry);
  let timer = null;
  let everOnline = false;
  let last = null;

  store.subscribe(({ connection }) => {
    if (connection === last) return;
    last = connection;
    clearTimeout(timer);
    view.dataset.phase = connection.phase;
    if (connection.phase === 'online') {
      setText(text, everOnline && view.classList.contains('shown') ? 'Connected again.' : '');
      everOnline = true;
      retry.hidden = true;
      view.classList.remove('shown');
    } else if (connection.phase !== 'stopped') {
      timer = setTimeout(() => tell(connection), view.classList.contains('shown') ? 0 : kPatienceMs);
    }
  });

  function tell({ phase, retryInMs, sentence }) {
    const doing = everOnline ? 'Reconnecting…' : 'Connecting…';
    const why = sentence || (phase === 'waiting' ? 'No connection.' : '');
    setText(text, why ? `${why} ${doing}` : doing);
    retry.hidden = phase !== 'waiting' || retryInMs < 2000;
    view.classList.add('shown');
  }
  return view;
}
