import { nameOf as nameIn, titleOf } from '../store.js';
import { avatar, el, iconButton, setText } from './dom.js';
import { peoplePicker } from './people_picker.js';

// The dialogs. Each is made for one use and is gone when it closes; the browser keeps the focus inside and brings it back.
function openDialog(heading, ...content) {
  const title = el('h2', { id: 'dialog-title' }, heading);
  const dialog = el('dialog.dialog', { 'aria-labelledby': 'dialog-title', onclick: (event) => event.target === dialog && dialog.close() },
    el('div.dialog-body', {}, el('header.dialog-header', {}, title, iconButton('close', 'Close', () => dialog.close())), ...content));
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

// Runs one act of the person; its failure is a sentence in `error`, its success closes the dialog.
async function act(dialog, button, error, work) {
  setText(error, '');
  if (button) button.disabled = true;
  try {
    const result = await work();
    dialog.close();
    return result;
  } catch (problem) {
    setText(error, problem.message);
    return null;
  } finally {
    if (button) button.disabled = false;
  }
}

const usernameIn = (state, member) => (state.people.has(member.user_id) ? `@${state.people.get(member.user_id).username}` : '');
const errorLine = () => el('p.form-error', { role: 'alert' });

export function newConversationDialog({ chat, open, newGroup }) {
  const error = errorLine();
  const picker = peoplePicker({
    find: (query) => chat.findUsers(query),
    pick: async (person) => {
      const id = await act(dialog, null, error, () => chat.startOneOnOne(person));
      if (id) open(id);
    },
  });
  const group = el('button.text-button', { type: 'button', onclick: () => { dialog.close(); newGroup(); } }, 'Make a group instead');
  const dialog = openDialog('New conversation', picker.view, error, el('footer.dialog-footer', {}, group));
  picker.focus();
}

export function newGroupDialog({ chat, open }) {
  const error = errorLine();
  const name = el('input', { id: 'group-name', type: 'text', maxlength: '200', autocomplete: 'off', required: true });
  const picker = peoplePicker({ find: (query) => chat.findUsers(query), several: true });
  const create = el('button.primary', { type: 'submit' }, 'Create group');
  const form = el('form', {
    novalidate: true,
    onsubmit: async (event) => {
      event.preventDefault();
      if (!name.value.trim()) {
        setText(error, 'Give the group a name.');
        return name.focus();
      }
      if (picker.chosen().length === 0) {
        setText(error, 'Choose at least one person.');
        return picker.focus();
      }
      const id = await act(dialog, create, error, () => chat.startGroup(name.value.trim(), picker.chosen()));
      if (id) open(id);
    },
  }, el('div.field', {}, el('label', { for: 'group-name' }, 'Group name'), name), picker.view, error, el('footer.dialog-footer', {}, create));
  const dialog = openDialog('New group', form);
  name.focus();
}

export function membersDialog({ chat, id, addPeople, left }) {
  const { state } = chat;
  const conversation = state.conversations.get(id);
  const error = errorLine();
  const list = el('ul.people', { 'aria-label': 'Members' }, ...(conversation.members ?? []).map((member) => {
    const name = nameIn(state, member.user_id);
    return el('li.person', {}, avatar(name, member.user_id), el('span.person-name', { dir: 'auto' }, member.user_id === state.me.user_id ? `${name} (you)` : name),
      el('span.person-username', {}, [usernameIn(state, member), member.role === 'member' ? '' : member.role].filter(Boolean).join(' · ')));
  }));
  const leave = el('button.danger', { type: 'button', onclick: () => confirmDialog({
    heading: 'Leave this group?', text: 'You will not get its messages any more.', doIt: 'Leave group',
    act: async () => {
      await chat.leave(id);
      dialog.close();
      left();
    },
  }) }, 'Leave group');
  const mine = conversation.members?.find((member) => member.user_id === state.me.user_id);
  const add = mine && mine.role !== 'member'
    ? el('button.secondary', { type: 'button', onclick: () => { dialog.close(); addPeople(id); } }, 'Add people') : null;
  const dialog = openDialog(titleOf(state, conversation), list, error, el('footer.dialog-footer', {}, leave, add));
}

export function addPeopleDialog({ chat, id }) {
  const error = errorLine();
  const picker = peoplePicker({ find: (query) => chat.findUsers(query), several: true });
  const add = el('button.primary', {
    type: 'button',
    onclick: () => {
      if (picker.chosen().length === 0) return setText(error, 'Choose at least one person.');
      return act(dialog, add, error, () => chat.addMembers(id, picker.chosen()));
    },
  }, 'Add to group');
  const dialog = openDialog('Add people', picker.view, error, el('footer.dialog-footer', {}, add));
  picker.focus();
}

export function confirmDialog({ heading, text, doIt, act: work }) {
  const error = errorLine();
  const yes = el('button.danger', { type: 'button', onclick: () => act(dialog, yes, error, work) }, doIt);
  const no = el('button.secondary', { type: 'button', onclick: () => dialog.close() }, 'Cancel');
  const dialog = openDialog(heading, el('p', {}, text), error, el('footer.dialog-footer', {}, no, yes));
  no.focus();
}
