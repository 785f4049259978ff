import { el, icon, setText } from './dom.js';

// Sign in, or make an account and sign in. Resolves nothing itself: submit({creating, username, password, displayName})
// is the caller's, and what it throws is shown as its sentence.
export function signInView({ submit, notice = '' }) {
  let creating = false;
  const title = el('h1', {}, '');
  const lead = el('p.lead', {}, '');
  const error = el('p.form-error', { role: 'alert', id: 'sign-in-error' }, notice);
  const username = field('Username', 'username', {
    autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', maxlength: '50', 'aria-describedby': 'sign-in-error username-hint',
  }, '3 to 50 letters, digits or underscores.');
  const displayName = field('Display name (optional)', 'display-name', { autocomplete: 'name', maxlength: '100' }, 'How others see you.');
  const password = field('Password', 'password', { type: 'password', 'aria-describedby': 'sign-in-error password-hint' }, 'At least 8 characters.');
  const show = el('button.text-button.show-password', { type: 'button', 'aria-pressed': 'false', onclick: reveal }, 'Show password');
  const go = el('button.primary', { type: 'submit' }, '');
  const other = el('button.text-button', { type: 'button', onclick: () => turn(!creating) }, '');
  const otherLead = el('span', {}, '');
  const form = el('form.sign-in-form', { novalidate: true, onsubmit }, username.box, displayName.box, password.box, show, error, go);

  function field(label, id, attributes, hint) {
    const input = el('input', { id, name: id, type: 'text', ...attributes });
    const note = el('p.hint', { id: `${id}-hint` }, hint);
    return { input, note, box: el('div.field', {}, el('label', { for: id }, label), input, note) };
  }

  function turn(create) {
    creating = create;
    setText(title, creating ? 'Create your account' : 'Welcome back');
    setText(lead, creating ? 'Choose a name that your friends can find you by.' : 'Sign in to go on with your conversations.');
    setText(go, creating ? 'Create account' : 'Sign in');
    setText(otherLead, creating ? 'Have an account already?' : 'New here?');
    setText(other, creating ? 'Sign in' : 'Create an account');
    for (const node of [displayName.box, username.note, password.note]) node.hidden = !creating;
    password.input.autocomplete = creating ? 'new-password' : 'current-password';
    document.title = creating ? 'Create account · Chats' : 'Sign in · Chats';
    fail('');
  }

  function reveal() {
    const shown = password.input.type === 'text';
    password.input.type = shown ? 'password' : 'text';
    show.setAttribute('aria-pressed', String(!shown));
  }

  function fail(sentence, at = null) {
    for (const { input } of [username, displayName, password]) input.removeAttribute('aria-invalid');
    setText(error, sentence);
    at?.input.setAttribute('aria-invalid', 'true');
    at?.input.focus();
  }

  async function onsubmit(event) {
    event.preventDefault();
    const name = username.input.value.trim();
    if (!/^[A-Za-z0-9_]{3,50}$/.test(name)) {
      return fail('A username has 3 to 50 letters (A–Z), digits or underscores.', username);
    }
    if ([...password.input.value].length < (creating ? 8 : 1)) {
      return fail(creating ? 'Choose a password of 8 characters or more.' : 'Type your password.', password);
    }
    fail('');
    go.disabled = true;
    form.setAttribute('aria-busy', 'true');
    try {
      await submit({ creating, username: name, password: password.input.value, displayName: displayName.input.value.trim() });
    } catch (problem) {
      fail(problem.message, problem.status === 409 ? username : problem.status === 401 ? password : null);
    } finally {
      go.disabled = false;
      form.removeAttribute('aria-busy');
    }
  }

  turn(false);
  if (notice) setText(error, notice);
  const view = el('main.sign-in', {},
    el('div.sign-in-card', {}, el('div.sign-in-mark', {}, icon('bubbles', 'mark')), title, lead, form, el('p.sign-in-other', {}, otherLead, ' ', other)));
  return { view, focus: () => username.input.focus() };
}
