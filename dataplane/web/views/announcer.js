import { el } from './dom.js';

// Says things to a screen reader, in a live region that is nowhere to be seen. Keeps the last few only.
const kKept = 5;

export function announce(text) {
  const region = document.getElementById('announcer');
  region.append(el('p', {}, text));
  while (region.children.length > kKept) region.firstElementChild.remove();
}
