import { nameOf, titleOf } from '../store.js';
import { rowsOf } from '../timeline.js';
import { composer } from './composer.js';
import { el, icon, iconButton, reconcile, setText, updateAvatar } from './dom.js';
import { makeRow, updateRow } from './message.js';
import { MessageScroll } from './message_scroll.js';
import { dayKey } from './when.js';

// The conversation on screen: header, messages, composer. It tells the chat what was on screen (read) and asks for older
// messages when the person comes near the top.
export function conversationView({ store, chat, actions }) {
  let id;  // undefined before the first drawing
  let dividerSeq = null;
  let shown = null;
  let placed = false;   // the first page is on screen and scrolled to where reading starts
  let seenSeq = 0;      // the newest message when the person was last at the bottom

  const circle = el('span.avatar', { 'aria-hidden': 'true' });
  const title = el('h2', { tabindex: '-1', dir: 'auto' });
  const subtitle = el('p.subtitle', { dir: 'auto' });
  const details = iconButton('people', 'Members', () => actions.showMembers(id));
  const loading = el('p.history-note', { role: 'status' });
  const again = el('button.text-button', { type: 'button', onclick: () => chat.loadAgain(id) }, 'Try again');
  const rows = el('ol.messages', {});
  const box = el('div.messages-scroll', { tabindex: '0', role: 'region', 'aria-label': 'Messages' }, loading, rows);
  const jump = el('button.jump', { type: 'button', hidden: true, onclick: toBottom }, el('span', {}), icon('down'));
  const compose = composer({ send });
  const pane = el('section.conversation', { 'aria-label': 'Conversation' },
    el('header.conversation-header', {}, iconButton('back', 'Back to conversations', () => actions.close(), 'back-button'), circle,
      el('div.conversation-names', {}, title, subtitle), details),
    box, jump, compose.view);
  const nothing = el('section.nothing', {}, icon('bubbles', 'mark'), el('p', {}, 'Choose a conversation, or start a new one.'));
  const view = el('main.main', {}, nothing, pane);
  const scroll = new MessageScroll(box, rows, { onNearTop: () => placed && chat.loadOlder(id), onMoved: moved });

  store.subscribe(draw);
  document.addEventListener('visibilitychange', markRead);
  window.addEventListener('focus', markRead);

  function draw(state) {
    if (state.open !== id) start(state);
    const c = state.conversations.get(id);
    if (!c || (shown && shown.c === c && shown.outbox === state.outbox && shown.people === state.people)) return;
    shown = { c, outbox: state.outbox, people: state.people };
    drawHeader(state, c);
    const placeNow = !placed && c.loaded;
    if (placeNow) dividerSeq = c.unread > 0 ? c.last_read_seq : null;
    const wanted = rowsOf(state, c, { dividerSeq, dayKey });
    scroll.keep(() => {
      drawHistoryNote(c);
      reconcile(rows, wanted, { key: (row) => row.key, make: (row) => makeRow(row, { group: c.type === 'group', actions }), update: updateRow });
    });
    if (placeNow) place();
    moved();
    if (placed && scroll.nearTop && !c.load_error) chat.loadOlder(id);
  }

  function start(state) {
    id = state.open;
    shown = null;
    placed = false;
    dividerSeq = null;
    rows.replaceChildren();
    pane.hidden = !id;
    nothing.hidden = Boolean(id);
    if (!id) return;
    const c = state.conversations.get(id);
    seenSeq = c?.last_seq ?? 0;
    compose.show(id);
    scroll.toBottom();
  }

  // Reading starts at what is new, where that is above the screen.
  function place() {
    placed = true;
    scroll.toBottom();
    const divider = rows.querySelector('.divider');
    if (divider && divider.getBoundingClientRect().top < box.getBoundingClientRect().top) scroll.to(divider);
  }

  function drawHeader(state, c) {
    const name = titleOf(state, c);
    updateAvatar(circle, name, c.other_user_id ?? id, c.type === 'group');
    setText(title, name);
    compose.name(name);
    setText(subtitle, c.type === 'group' ? membersLine(state, c) : usernameOf(state, c));
    details.hidden = c.type !== 'group';
  }

  function drawHistoryNote(c) {
    if (c.load_error) {
      if (loading.dataset.error !== c.load_error) loading.replaceChildren(`${c.load_error} `, again);
      loading.dataset.error = c.load_error;
      return;
    }
    delete loading.dataset.error;
    setText(loading, c.loading ? 'Loading…' : c.loaded && c.messages.length === 0 ? 'No messages yet. Say hello.' : c.start_reached ? 'This is where it began.' : '');
  }

  function moved() {
    const c = store.state.conversations.get(id);
    if (!c) return;
    if (scroll.following) seenSeq = c.last_seq;
    const below = scroll.following ? 0 : Math.max(0, c.last_seq - seenSeq);
    jump.hidden = scroll.following;
    jump.classList.toggle('has-new', below > 0);
    setText(jump.firstElementChild, below === 0 ? 'Newest' : below === 1 ? '1 new message' : `${below} new messages`);
    markRead();
  }

  function markRead() {
    if (!placed || document.visibilityState !== 'visible') return;
    const c = store.state.conversations.get(id);
    if (c && c.last_seq > c.last_read_seq) chat.read(id, scroll.following ? c.messages.at(-1)?.seq ?? 0 : scroll.lastVisibleSeq());
  }

  function send(to, text) {
    const refusal = chat.send(to, text);
    if (!refusal) {
      dividerSeq = null;
      scroll.toBottom();
    }
    return refusal;
  }

  function toBottom() {
    scroll.toBottom();
    moved();
    compose.focus();
  }

  return { view, focus: (typing) => (typing ? compose.focus() : title.focus()) };
}

function usernameOf(state, c) {
  const username = state.people.get(c.other_user_id)?.username;
  return username ? `@${username}` : '';
}

function membersLine(state, c) {
  if (!c.members) return '';
  const others = c.members.filter((member) => member.user_id !== state.me.user_id).map((member) => nameOf(state, member.user_id));
  const named = others.slice(0, 4);
  const more = others.length - named.length;
  return [...named, more > 0 ? `${more} more` : null, 'you'].filter(Boolean).join(', ');
}
