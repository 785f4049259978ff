import { Api } from './api.js';
import { retryWaitMs } from './backoff.js';
import { Chat } from './chat.js';
import { nameOf, titleOf } from './store.js';
import { announce } from './views/announcer.js';
import { el } from './views/dom.js';
import { shell } from './views/shell.js';
import { signInView } from './views/sign_in.js';

// Who is here? The refresh cookie knows; else the sign-in page. Everything of one person ends with their session.
const root = document.getElementById('app');
const tabs = new BroadcastChannel('chatcluster');
let session = null;  // {chat, page} while someone is signed in

const api = new Api({
  onSession: (next) => {
    // Another tab signed in as someone else: what is on this page is not theirs.
    if (session && session.chat.me !== next.user_id) location.reload();
  },
});

tabs.onmessage = ({ data }) => {
  if (data === 'signed out' && session) end('You signed out in another tab.');
};

async function begin(attempt = 0) {
  try {
    await api.refresh();
    await enter();
  } catch (problem) {
    if (problem.status >= 400 && problem.status < 500 && problem.status !== 429) return showSignIn();
    root.replaceChildren(el('main.splash', { role: 'status' }, el('p', {}, `${problem.message} Trying again…`)));
    setTimeout(() => begin(attempt + 1), Math.max(problem.retryAfterMs ?? 0, retryWaitMs(attempt, Math.random())));
  }
}

function showSignIn(notice = '') {
  const { view, focus } = signInView({ notice, submit: signIn });
  root.replaceChildren(view);
  focus();
}

async function signIn({ creating, username, password, displayName }) {
  if (creating) await api.register({ username, password, ...(displayName && { display_name: displayName }) });
  // The same browser stays the same device of that person.
  const key = `chatcluster.device.${username.toLowerCase()}`;
  const device = localStorage.getItem(key);
  const { device_id: id } = await api.login({ username, password, ...(device && { device_id: device }) });
  localStorage.setItem(key, id);
  await enter();
}

async function enter() {
  const me = await api.me();
  const chat = new Chat({
    api,
    me,
    storage: localStorage,
    onSignedOut: () => end('Your session ended. Sign in again.'),
    heard: ({ conversation, message, live }) => live && hear(chat.state, conversation, message),
    told: announce,
  });
  session = { chat, page: shell({ chat, signOut }) };
  root.replaceChildren(session.page.view);
  await chat.start();
}

function hear(state, conversation, message) {
  const where = conversation.type === 'group' ? ` in ${titleOf(state, conversation)}` : '';
  announce(`${nameOf(state, message.sender_id)}${where}: ${message.content.slice(0, 300)}`);
}

async function signOut() {
  await api.logout();
  session.chat.forgetUnsent();
  tabs.postMessage('signed out');
  end();
}

function end(notice = '') {
  session?.page.stop();
  session?.chat.stop();
  session = null;
  document.querySelectorAll('dialog').forEach((dialog) => dialog.remove());
  history.replaceState(null, '', '/');
  showSignIn(notice);
}

begin();
