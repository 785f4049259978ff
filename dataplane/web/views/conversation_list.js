import { listed, nameOf, titleOf } from '../store.js';
import { avatar, el, hidden, iconButton, reconcile, setText, updateAvatar } from './dom.js';
import { fullTime, shortTime } from './when.js';

// My conversations, newest first, with their last message and what is unread.
export function conversationList({ store, actions }) {
  const list = el('ul.conversations', {});
  const empty = el('div.list-empty', { hidden: true },
    el('p', {}, 'No conversations yet.'),
    el('p.hint', {}, 'Find someone by their username and say hello.'),
    el('button.primary', { type: 'button', onclick: () => actions.newConversation() }, 'Start a conversation'));
  const me = el('div.me', {});
  const view = el('nav.sidebar', { 'aria-label': 'Conversations' },
    el('header.sidebar-header', {}, el('h1', {}, 'Chats'),
      iconButton('compose', 'New conversation', () => actions.newConversation()),
      iconButton('group', 'New group', () => actions.newGroup())),
    el('div.conversations-scroll', {}, list, empty),
    el('footer.sidebar-footer', {}, me, iconButton('leave', 'Sign out', () => actions.signOut())));

  let shown = null;
  store.subscribe((state) => {
    if (shown?.conversations === state.conversations && shown.open === state.open && shown.people === state.people && shown.listed === state.listed) return;
    shown = state;
    const now = Date.now();
    const conversations = listed(state).filter((c) => c.type);
    reconcile(list, conversations, { key: (c) => c.conversation_id, make, update: (row, c) => update(row, c, state, now) });
    empty.hidden = !state.listed || conversations.length > 0;
    list.hidden = conversations.length === 0;
    drawMe(state);
  });

  function make(c) {
    const link = el('a.conversation-link', { href: `#/c/${c.conversation_id}`, onclick: follow },
      el('span.avatar', { 'aria-hidden': 'true' }),
      el('span.conversation-title', { dir: 'auto' }),
      el('time.conversation-time', {}),
      el('span.conversation-last', {}, el('span.conversation-preview', { dir: 'auto' }), el('span.unread', {})));
    return el('li', {}, link);
  }

  function follow(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    actions.open(event.currentTarget.getAttribute('href').slice('#/c/'.length));
  }

  function update(row, c, state, now) {
    const [link] = row.children;
    const [circle, title, time, last] = link.children;
    const [preview, unread] = last.children;
    const name = titleOf(state, c);
    updateAvatar(circle, name, c.other_user_id ?? c.conversation_id, c.type === 'group');
    setText(title, name);
    const at = c.preview?.created_at ?? c.created_at;
    setText(time, at ? shortTime(at, now) : '');
    if (at) {
      time.setAttribute('datetime', at);
      time.title = fullTime(at);
    }
    setText(preview, previewOf(c, state));
    unread.hidden = c.unread === 0;
    if (unread.dataset.count !== String(c.unread)) {
      unread.dataset.count = c.unread;
      unread.replaceChildren(c.unread > 99 ? '99+' : String(c.unread), hidden(' unread'));
    }
    row.classList.toggle('has-unread', c.unread > 0);
    if (state.open === c.conversation_id) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }

  function drawMe(state) {
    const name = nameOf(state, state.me.user_id);
    if (me.dataset.name === name) return;
    me.dataset.name = name;
    me.replaceChildren(avatar(name, state.me.user_id),
      el('span.me-name', { dir: 'auto' }, name), el('span.me-username', {}, `@${state.me.username}`));
  }

  return { view, focus: (id) => (list.querySelector(`[data-key="${id}"] a`) ?? list.querySelector('a') ?? view.querySelector('button')).focus() };
}

function previewOf(c, state) {
  const message = c.preview;
  if (!message) return c.type === 'group' ? 'New group' : 'Say hello';
  if (message.deleted) return 'Message removed';
  const text = (message.content ?? '').slice(0, 160);
  if (message.sender_id === state.me.user_id) return `You: ${text}`;
  const known = c.type === 'group' && state.people.has(message.sender_id);
  return known ? `${nameOf(state, message.sender_id)}: ${text}` : text;
}
