import { avatar, el, hidden, icon, setText } from './dom.js';
import { clockTime, dayLabel, fullTime } from './when.js';

// One row of a conversation: a day, the divider before what is new, or a message. Rows are made once and updated.
const kTickWords = { waiting: 'Waiting to be sent', sent: 'Sent', delivered: 'Delivered', read: 'Read', failed: 'Not sent' };
const kLongText = 2000;
const kShownOfLongText = 1200;

export function makeRow(row, { group, actions }) {
  if (row.kind === 'day') return el('li.day', {}, el('span', {}, dayLabel(row.at, Date.now())));
  if (row.kind === 'divider') return el('li.divider', {}, el('span', {}, 'New messages'));
  const meta = el('span.meta', {}, el('span.edited', { hidden: true }, 'edited'), el('time', {}), el('span.tick', {}));
  const element = el('li.message', {},
    group && !row.mine ? avatar(row.name, row.sender_id ?? '') : null,
    el('div.bubble', {}, el('span.sender', { dir: 'auto' }), el('div.line', {}, el('div.content', { dir: 'auto' }), meta)),
    el('p.tick-word', { hidden: true }));
  element.classList.toggle('mine', row.mine);
  element.actions = actions;
  return element;
}

export function updateRow(element, row) {
  if (row.kind !== 'message') return;
  const look = [row.first, row.last, row.tick, row.tellsTick, row.edited, row.deleted, row.name, row.at, row.seq].join('|');
  if (element.look === look && element.content === row.content) return;
  element.look = look;
  element.classList.toggle('first', row.first);
  element.classList.toggle('last', row.last);
  element.classList.toggle('deleted', Boolean(row.deleted));
  if (row.seq !== null) element.dataset.seq = row.seq;
  const bubble = element.querySelector('.bubble');
  setText(bubble.querySelector('.sender'), row.mine ? 'You' : row.name);
  if (element.content !== row.content || row.deleted) setContent(bubble.querySelector('.content'), row);
  element.content = row.content;
  bubble.querySelector('.edited').hidden = !row.edited || row.deleted;
  const time = bubble.querySelector('time');
  time.dateTime = new Date(row.at).toISOString();
  time.title = fullTime(row.at);
  setText(time, clockTime(row.at));
  updateTick(element, bubble.querySelector('.tick'), row);
}

function setContent(content, row) {
  if (row.deleted) return setText(content, 'Message removed');
  if (row.content.length <= kLongText) return setText(content, row.content);
  const all = el('button.text-button.show-all', { type: 'button', onclick: () => setText(content, row.content) }, 'Show all');
  content.replaceChildren(`${row.content.slice(0, kShownOfLongText).toWellFormed?.() ?? row.content.slice(0, kShownOfLongText)}… `, all);
}

// The tick's shape tells the state, its word is there for who cannot see it, and the last own message says it in print.
function updateTick(element, tick, row) {
  tick.hidden = !row.tick;
  if (tick.dataset.tick !== row.tick) {
    tick.dataset.tick = row.tick ?? '';
    tick.title = kTickWords[row.tick] ?? '';
    tick.replaceChildren(...(row.tick ? [icon(row.tick, 'tick-icon'), hidden(kTickWords[row.tick])] : []));
  }
  const word = element.querySelector('.tick-word');
  word.hidden = !(row.tick === 'failed' || (row.tellsTick && row.tick !== 'sent'));
  word.classList.toggle('failed', row.tick === 'failed');
  if (row.tick === 'failed') {
    if (word.dataset.failed === row.item.failed) return;
    word.dataset.failed = row.item.failed;
    word.replaceChildren(`Not sent. ${row.item.failed} `,
      el('button.text-button', { type: 'button', onclick: () => element.actions.sendAgain(row.item) }, 'Try again'), ' ',
      el('button.text-button', { type: 'button', onclick: () => element.actions.discard(row.item) }, 'Delete'));
    word.removeAttribute('aria-hidden');
  } else {
    delete word.dataset.failed;
    word.setAttribute('aria-hidden', 'true');  // the tick has said it
    setText(word, kTickWords[row.tick] ?? '');
  }
}
