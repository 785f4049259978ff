// Making and updating elements. Text is only ever set as text: nothing that people write is read as HTML.

// el('button.primary', {type: 'button', onclick: f, 'aria-label': '…'}, 'Send', icon('send'))
export function el(tagAndClasses, attributes = {}, ...children) {
  const [tag, ...classes] = tagAndClasses.split('.');
  const element = document.createElement(tag);
  element.className = classes.join(' ');
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value === 'boolean') element[name] = value;
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const kSvg = 'http://www.w3.org/2000/svg';

// One of the symbols of icons.svg; decoration unless the caller gives it a name.
export function icon(name, className = 'icon') {
  const svg = document.createElementNS(kSvg, 'svg');
  svg.setAttribute('class', className);
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('focusable', 'false');
  const use = document.createElementNS(kSvg, 'use');
  use.setAttribute('href', `/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

export function iconButton(name, label, onclick, className = '') {
  return el(`button.icon-button${className && `.${className}`}`, { type: 'button', 'aria-label': label, title: label, onclick }, icon(name));
}

export const hidden = (text) => el('span.visually-hidden', {}, text);

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Makes the children of `parent` those of `items`, keeping the element of a key that stays (its focus, its scroll
// position). make(item) → element; update(element, item) brings a kept or new one up to date.
export function reconcile(parent, items, { key, make, update }) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = key(item);
    let element = known.get(name);
    known.delete(name);
    if (!element) {
      element = make(item);
      element.dataset.key = name;
    }
    update(element, item);
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
  for (const element of known.values()) element.remove();
}

const kTints = 6;

// Initials in a circle; the tint follows from the id, so a person looks the same everywhere.
export function avatar(name, id, group = false) {
  const circle = el('span.avatar', { 'aria-hidden': 'true' });
  updateAvatar(circle, name, id, group);
  return circle;
}

export function updateAvatar(circle, name, id, group = false) {
  const shown = group ? `group ${id}` : `${name} ${id}`;
  if (circle.dataset.shown === shown) return;
  circle.dataset.shown = shown;
  let hash = 0x811c9dc5;  // FNV-1a
  for (const letter of String(id)) hash = Math.imul(hash ^ letter.codePointAt(0), 0x01000193);
  circle.className = `avatar tint-${(hash >>> 8) % kTints}`;
  circle.replaceChildren(group ? icon('group') : initials(name));
}

function initials(name) {
  const words = name.trim().split(/[\s_]+/).filter(Boolean);
  const first = [...(words[0] ?? '?')][0];
  const last = words.length > 1 ? [...words.at(-1)][0] : '';
  return (first + last).toLocaleUpperCase();
}
