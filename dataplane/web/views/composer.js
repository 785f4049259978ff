import { el, icon, setText } from './dom.js';

// Where a message is typed: Enter sends, Shift+Enter starts a line. Drafts stay with their conversation.
export function composer({ send }) {
  const drafts = new Map();
  let id = null;
  const input = el('textarea.composer-input', {
    id: 'message', rows: '1', placeholder: 'Message', autocomplete: 'off', 'aria-describedby': 'message-keys message-note',
    enterkeyhint: 'send', dir: 'auto', oninput: changed, onkeydown,
  });
  const note = el('p.composer-note', { id: 'message-note', role: 'alert' });
  const button = el('button.send-button', { type: 'submit', 'aria-label': 'Send', title: 'Send' }, icon('send'));
  const view = el('form.composer', { onsubmit: submit },
    el('label.visually-hidden', { for: 'message' }, 'Message'),
    el('span.visually-hidden', { id: 'message-keys' }, 'Enter sends, Shift and Enter starts a new line, Escape goes back to the list.'),
    note, input, button);

  function changed() {
    button.disabled = input.value.trim() === '';
    setText(note, '');
    // As tall as its text; the style sheet has the bound.
    input.style.height = 'auto';
    input.style.height = `${input.scrollHeight + input.offsetHeight - input.clientHeight}px`;
  }

  function onkeydown(event) {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit(event);
  }

  function submit(event) {
    event.preventDefault();
    if (input.value.trim() === '') return;
    const refusal = send(id, input.value);
    if (refusal) {
      setText(note, refusal);
    } else {
      input.value = '';
      drafts.delete(id);
      changed();
    }
    input.focus();
  }

  return {
    view,
    focus: () => input.focus(),
    name(title) {
      const text = `Message ${title}`;
      if (input.placeholder !== text) input.placeholder = text;
    },
    show(conversationId) {
      if (id && input.value) drafts.set(id, input.value);
      id = conversationId;
      input.value = drafts.get(id) ?? '';
      changed();
    },
  };
}
