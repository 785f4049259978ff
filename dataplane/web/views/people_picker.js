import { avatar, el, icon, setText } from './dom.js';

// Finds people by the beginning of their username. pick(person) is told of each choice; where `several`, the chosen stand
// above the field and can be taken out again.
const kPauseMs = 180;  // after the last key

export function peoplePicker({ find, several = false, pick = () => {} }) {
  const chosen = new Map();
  let timer = null;
  let asked = 0;
  const input = el('input', {
    id: 'find-people', type: 'text', enterkeyhint: 'search', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', maxlength: '50',
    'aria-describedby': 'find-people-status', oninput: () => later(), onkeydown: (event) => event.key === 'Enter' && event.preventDefault(),
  });
  const status = el('p.hint', { id: 'find-people-status', role: 'status' }, 'Type the beginning of a username.');
  const results = el('ul.people', { 'aria-label': 'People found' });
  const chips = el('ul.chips', { 'aria-label': 'Chosen people', hidden: true });
  const view = el('div.people-picker', {}, chips, el('div.field', {}, el('label', { for: 'find-people' }, 'Username'), input, status), results);

  function later() {
    clearTimeout(timer);
    timer = setTimeout(search, kPauseMs);
  }

  async function search() {
    const query = input.value.trim().replace(/^@/, '');
    const question = ++asked;
    if (!query) return show([], 'Type the beginning of a username.');
    try {
      const people = await find(query);
      if (question !== asked) return;
      const count = people.length === 1 ? '1 person found.' : `${people.length} people found.`;
      show(people, people.length ? count : `Nobody’s username starts with “${query}”.`);
    } catch (problem) {
      if (question === asked) show([], problem.message);
    }
  }

  function show(people, sentence) {
    setText(status, sentence);
    results.replaceChildren(...people.map((person) => {
      const taken = chosen.has(person.user_id);
      return el('li', {}, el('button.person', {
        type: 'button', onclick: () => choose(person), 'aria-pressed': several ? String(taken) : null, 'data-username': person.username,
      }, avatar(nameOf(person), person.user_id), el('span.person-name', { dir: 'auto' }, nameOf(person)), el('span.person-username', {}, `@${person.username}`),
        several && taken ? icon('sent', 'icon chosen') : null));
    }));
  }

  function choose(person) {
    if (!several) return pick(person);
    if (chosen.has(person.user_id)) chosen.delete(person.user_id);
    else chosen.set(person.user_id, person);
    input.value = '';
    drawChips();
    search();
    input.focus();
    pick(person);
  }

  function drawChips() {
    chips.hidden = chosen.size === 0;
    chips.replaceChildren(...[...chosen.values()].map((person) => el('li', {}, el('button.chip', {
      type: 'button', 'aria-label': `Remove ${nameOf(person)}`, onclick: () => choose(person),
    }, el('span', { dir: 'auto' }, nameOf(person)), icon('close')))));
  }

  return { view, focus: () => input.focus(), chosen: () => [...chosen.values()] };
}

export const nameOf = (person) => person.display_name || person.username;
