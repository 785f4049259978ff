import assert from 'node:assert/strict';

// The part of an accessibility audit that a program can do without a library: names, labels, contrast, nothing wider than the
// screen, and that the Tab key reaches everything that can be used.
export async function assertAccessible(page, where) {
  assert.deepEqual(await page.evaluate(unnamed), [], `${where}: what has no name`);
  assert.deepEqual(await page.evaluate(pale), [], `${where}: text with too little contrast`);
  const sideways = await page.evaluate(() => document.scrollingElement.scrollWidth - window.innerWidth);
  assert.ok(sideways <= 0, `${where}: ${sideways} pixels wider than the screen`);
  const missed = await unreached(page);
  assert.deepEqual(missed, [], `${where}: what Tab does not reach`);
}

function unnamed() {
  const scope = document.querySelector('dialog[open]') ?? document.body;
  const visible = (element) => element.checkVisibility() && !element.closest('[aria-hidden="true"]');
  const text = (id) => document.getElementById(id)?.textContent.trim();
  const named = (element) => element.getAttribute('aria-label')?.trim() || (element.getAttribute('aria-labelledby') ?? '').split(' ').some(text);
  const wrong = [];
  for (const input of scope.querySelectorAll('input, textarea, select')) {
    if (visible(input) && !named(input) && ![...input.labels].some((label) => label.textContent.trim())) wrong.push(input.outerHTML);
  }
  for (const button of scope.querySelectorAll('button, a[href], [role="button"]')) {
    if (visible(button) && !named(button) && !button.textContent.trim()) wrong.push(button.outerHTML);
  }
  for (const region of document.querySelectorAll('dialog[open], nav, section:not([hidden]), [role="region"]')) {
    if (visible(region) && !region.matches('.nothing') && !named(region)) wrong.push(region.outerHTML.slice(0, 80));
  }
  for (const element of document.querySelectorAll('[tabindex]')) if (element.tabIndex > 0) wrong.push(`tabindex of ${element.outerHTML.slice(0, 80)}`);
  for (const id of new Set([...document.querySelectorAll('[id]')].map((element) => element.id))) {
    if (document.querySelectorAll(`#${CSS.escape(id)}`).length > 1) wrong.push(`the id ${id} twice`);
  }
  if (!document.documentElement.lang || !document.title) wrong.push('the page has no language or no title');
  return wrong;
}

// WCAG 2.2 AA: 4.5 to 1, or 3 to 1 for large text.
function pale() {
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const part = (value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const wrong = [];
  const scope = document.querySelector('dialog[open]') ?? document.body;
  const walker = document.createTreeWalker(scope, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const style = getComputedStyle(element);
    if (!walker.currentNode.data.trim() || !element.checkVisibility({ opacityProperty: true }) || element.closest('.visually-hidden, :disabled, .connection:not(.shown)')) continue;
    if (style.clipPath !== 'none') continue;
    const [light, dark] = [luminance(channels(style.color)), luminance(behind(element))].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < (large ? 3 : 4.5)) wrong.push(`${ratio.toFixed(2)}: ${walker.currentNode.data.trim().slice(0, 40)}`);
  }
  return wrong;
}

async function unreached(page) {
  const wanted = await page.evaluate(() => {
    const scope = document.querySelector('dialog[open]') ?? document.body;
    const usable = [...scope.querySelectorAll('button, a[href], input, textarea, [tabindex="0"]')]
      .filter((element) => !element.disabled && element.tabIndex >= 0 && element.checkVisibility({ visibilityProperty: true }));
    usable.forEach((element, index) => {
      element.dataset.usable = index;
    });
    document.activeElement?.blur();
    return usable.map((element) => element.getAttribute('aria-label') || element.id || element.textContent.trim().slice(0, 40));
  });
  const reached = new Set();
  for (let presses = 0; presses < wanted.length + 6 && reached.size < wanted.length; presses++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => document.activeElement?.dataset.usable ?? null);
    if (at !== null) reached.add(Number(at));
  }
  return wanted.filter((_, index) => !reached.has(index));
}
