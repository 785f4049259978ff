import { unreadTotal } from '../store.js';
import { announce } from './announcer.js';
import { connectionStatus } from './connection_status.js';
import { conversationView } from './conversation.js';
import { conversationList } from './conversation_list.js';
import { addPeopleDialog, confirmDialog, membersDialog, newConversationDialog, newGroupDialog } from './dialogs.js';
import { el } from './dom.js';

// The signed-in page: list beside conversation, or one of both on a phone. The address (#/c/ID) says which conversation is
// open, so the browser's Back leads from it to the list and a reload stays there.
export function shell({ chat, signOut }) {
  const { store } = chat;
  const actions = {
    open: (id) => go(id),
    close,
    newConversation: () => newConversationDialog({ chat, open: go, newGroup: actions.newGroup }),
    newGroup: () => newGroupDialog({ chat, open: go }),
    showMembers: (id) => membersDialog({ chat, id, addPeople: (to) => addPeopleDialog({ chat, id: to }), left: close }),
    sendAgain: (item) => chat.sendAgain(item),
    discard: (item) => chat.discard(item),
    signOut: askToSignOut,
  };
  const list = conversationList({ store, actions });
  const conversation = conversationView({ store, chat, actions });
  const view = el('div.shell', {}, connectionStatus({ store, retryNow: () => chat.socket.retryNow() }), list.view, conversation.view);

  const unsubscribe = store.subscribe((state) => {
    view.dataset.view = state.open ? 'conversation' : 'list';
    const unread = unreadTotal(state);
    document.title = unread ? `(${unread}) Chats` : 'Chats';
    if (state.open && state.listed && !state.conversations.has(state.open) && !chat.isLearning(state.open)) close();
  });
  window.addEventListener('popstate', route);
  window.addEventListener('hashchange', route);
  window.addEventListener('online', retry);
  document.addEventListener('visibilitychange', retry);
  document.addEventListener('keydown', leaveByKey);

  function idInAddress() {
    return /^#\/c\/([0-9A-Z]{26})$/i.exec(location.hash)?.[1] ?? null;
  }

  function route() {
    const id = idInAddress();
    if (id !== store.state.open) chat.open(id);
  }

  function go(id) {
    const there = idInAddress();
    if (there !== id) history[there ? 'replaceState' : 'pushState']({ fromList: true }, '', `#/c/${id}`);
    route();
    // A phone's keyboard would cover what there is to read.
    requestAnimationFrame(() => conversation.focus(matchMedia('(pointer: fine)').matches));
  }

  function close() {
    const left = store.state.open;
    if (!left) return;
    if (history.state?.fromList) history.back();
    else history.replaceState(null, '', '#/');
    chat.open(null);
    requestAnimationFrame(() => list.focus(left));
  }

  function retry() {
    if (document.visibilityState === 'visible') chat.socket.retryNow();
  }

  // From wherever the focus is; a dialog has its own Escape.
  function leaveByKey(event) {
    if (event.key === 'Escape' && !event.isComposing && !document.querySelector('dialog[open]')) close();
  }

  function askToSignOut() {
    const unsent = store.state.outbox.length;
    const text = unsent === 0 ? 'Your conversations stay with your account.'
      : `${unsent === 1 ? 'One message was' : `${unsent} messages were`} not sent yet and would be lost.`;
    confirmDialog({ heading: 'Sign out?', text, doIt: 'Sign out', act: signOut });
  }

  route();
  return {
    view,
    told: announce,
    stop() {
      unsubscribe();
      window.removeEventListener('popstate', route);
      window.removeEventListener('hashchange', route);
      window.removeEventListener('online', retry);
      document.removeEventListener('visibilitychange', retry);
      document.removeEventListener('keydown', leaveByKey);
    },
  };
}
