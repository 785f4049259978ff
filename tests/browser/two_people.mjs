import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assertAccessible } from './accessibility.mjs';
import { openCluster } from './cluster.mjs';
import { Person } from './person.mjs';

// Two people talk in two browsers over two gateways; one gateway is killed while they type. What each typed arrives once
// and in order on both sides. Then: a third joins in a group, a page is loaded again, older messages come, text waits while
// there is no connection.
const { chromium } = createRequire(join(process.env.BROWSER_PACKAGES, 'package.json'))('playwright-core');

const kEach = 32;        // messages of each in the talk: more than one page of history together
const kKillAfter = 10;
const kDesktop = { viewport: { width: 1280, height: 800 } };
const kPhone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const kFlags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

const pictures = process.env.SCREENSHOTS ?? mkdtempSync(join(tmpdir(), 'chatcluster-screenshots-'));
mkdirSync(pictures, { recursive: true });
const began = Date.now();
const say = (line) => console.log(`${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`);
const picture = (person, name) => person.page.screenshot({ path: join(pictures, `${name}.png`), animations: 'disabled' });

async function signUp(browser, api) {
  const suffix = Date.now().toString(36);
  const one = (name, displayName, options) => Person.signUp(browser, api, { username: `${name}_${suffix}`, displayName, ...options });
  const ada = await one('ada', 'Ada Lovelace', kDesktop);
  const bo = await one('bo', 'Bo Nilsson', kPhone);
  const cy = await one('cy', 'Cyrille Ørsted', { ...kDesktop, colorScheme: 'dark', reducedMotion: 'reduce' });
  return { ada, bo, cy };
}

async function onTwoGateways(ada, bo) {
  for (let tries = 0; ada.gateway === bo.gateway && tries < 5; tries++) {
    await bo.page.reload();
    await bo.online();
  }
  assert.notEqual(ada.gateway, bo.gateway, 'the two are on one gateway');
  say(`Ada is on ${ada.gateway}, Bo on ${bo.gateway}`);
}

const line = (name, number) => `${name} says ${number}`;
const lines = (name) => Array.from({ length: kEach }, (_, i) => line(name, i + 1));

async function talk(person, name, at = () => {}) {
  for (let number = 1; number <= kEach; number++) {
    await person.say(line(name, number));
    await at(number);
  }
}

// Every line once, each person's in the order of typing, and the same on both sides.
function assertSameTalk(adas, bos) {
  for (const [mine, transcript] of [['Ada', adas], ['Bo', bos]]) {
    for (const name of ['Ada', 'Bo']) {
      const said = transcript.filter((row) => row.text.startsWith(`${name} says`));
      assert.deepEqual(said.map((row) => row.text), lines(name), `${name}'s lines on ${mine}'s page`);
      assert.ok(said.every((row) => row.mine === (name === mine)));
    }
    assert.deepEqual(transcript.map((row) => row.seq), transcript.map((_, i) => i + 1), `no hole on ${mine}'s page`);
  }
  assert.deepEqual(adas.map((row) => row.text), bos.map((row) => row.text));
}

async function talkWhileAGatewayDies({ ada, bo, cluster }) {
  await ada.startWith(bo);
  await ada.say('Hello Bo');
  await bo.page.getByRole('link', { name: /Ada Lovelace.*1 unread/s }).waitFor();
  await picture(bo, 'phone-list');
  await bo.open('Ada Lovelace');
  await bo.sees('Hello Bo');
  await ada.waitForTicks('read');
  await onTwoGateways(ada, bo);
  const doomed = bo.gateway;
  await Promise.all([
    talk(ada, 'Ada', (number) => {
      if (number === kKillAfter) say(`killed ${doomed}, pid ${cluster.gateway.kill(doomed)}`);
    }),
    talk(bo, 'Bo'),
  ]);
  const count = 2 * kEach + 1;
  await Promise.all([ada.waitForMessages(count), bo.waitForMessages(count)]);
  say('everything typed has arrived on both sides');
  assertSameTalk(await ada.transcript(), await bo.transcript());
  await Promise.all([ada.waitForTicks('read'), bo.waitForTicks('read')]);
  say('every tick says read');
  await Promise.all([ada.online(), bo.online()]);
  assert.notEqual(bo.gateway, null);
  await picture(ada, 'desktop-conversation');
  await picture(bo, 'phone-conversation');
}

// A reload shows the newest page; older ones come when the person scrolls up, and what they read stays where it was.
async function loadOlder({ ada }) {
  const { page } = ada;
  const before = await ada.transcript();
  await page.reload();
  await ada.sees(line('Ada', kEach));
  await ada.online();
  const first = page.locator('.message').first();
  const key = await first.getAttribute('data-key');
  assert.ok(await page.locator('.message').count() < before.length, 'a reload shows one page only');
  const top = () => page.locator(`[data-key="${key}"]`).evaluate((row) => row.getBoundingClientRect().top);
  const response = page.waitForResponse((answer) => answer.url().includes('before='));
  await page.locator('.messages-scroll').evaluate((box) => { box.scrollTop = 120; });
  const stood = await top();
  await response;
  await ada.waitForMessages(before.length);
  assert.ok(Math.abs(await top() - stood) < 3, 'what was read moved when older messages came');
  assert.deepEqual(await ada.transcript(), before);
  assert.equal(await page.getByRole('heading', { name: 'Chats' }).count(), 1, 'still signed in after the reload');
  say('older messages load and the scroll position stays');
}

// Typed without a connection and kept over a reload: sent once, when there is one again.
async function waitForConnection({ ada, bo }) {
  await ada.page.route('**/v1/connect', (route) => route.abort());
  await ada.page.reload();
  await ada.page.getByRole('status').filter({ hasText: /Connecting…|Reconnecting…/ }).waitFor();
  await ada.sees(line('Ada', kEach));
  await ada.say('Typed without a connection');
  await ada.say('And one more');
  await ada.page.locator('.tick[data-tick="waiting"]').nth(1).waitFor();
  await picture(ada, 'desktop-offline');
  await ada.page.reload();
  await ada.page.locator('.tick[data-tick="waiting"]').nth(1).waitFor();
  await ada.page.unroute('**/v1/connect');
  await ada.page.evaluate(() => window.dispatchEvent(new Event('online')));
  await bo.sees('And one more');
  await ada.waitForTicks('read');
  for (const person of [ada, bo]) {
    const texts = (await person.transcript()).map((row) => row.text);
    assert.deepEqual(texts.slice(-2), ['Typed without a connection', 'And one more']);
    assert.equal(texts.filter((text) => text === 'And one more').length, 1);
  }
  say('what was typed without a connection survived a reload and arrived once');
}

// On a phone the conversation has the whole screen; that there is no connection is still said.
async function loseTheNetwork({ bo }) {
  await bo.page.route('**/v1/connect', (route) => route.abort());
  await bo.page.reload();
  await bo.page.getByRole('status').filter({ hasText: /onnecting…/ }).waitFor();
  await bo.page.getByRole('button', { name: 'Try now' }).waitFor();
  await picture(bo, 'phone-offline');
  await bo.page.unroute('**/v1/connect');
  await bo.page.getByRole('button', { name: 'Try now' }).click();
  await bo.online();
  await bo.page.getByRole('status').filter({ hasText: /onnecting…/ }).waitFor({ state: 'detached' });
  say('a phone says that there is no connection, and tries again when told to');
}

async function talkInAGroup({ ada, bo, cy }) {
  await ada.makeGroup('Analytical engine', [bo, cy]);
  await ada.say('Welcome, both of you.');
  await cy.open('Analytical engine');
  await cy.sees('Welcome, both of you.');
  await cy.say('Thank you!');
  await cy.say('<b>Not bold</b> & 1 < 2 — äöü 👩‍💻');
  await bo.page.keyboard.press('Escape');
  await bo.open('Analytical engine');
  await bo.sees('Thank you!');
  await bo.say('Glad to be here');
  for (const person of [ada, bo, cy]) await person.waitForMessages(4);
  const [first, ...others] = await Promise.all([ada, bo, cy].map(async (person) => (await person.transcript()).map((row) => [row.seq, row.text])));
  for (const other of others) assert.deepEqual(other, first);
  assert.ok(first.some(([, text]) => text === '<b>Not bold</b> & 1 < 2 — äöü 👩‍💻'), 'text is text');
  await ada.waitForTicks('read');
  say('the group sees one talk');
  await picture(ada, 'desktop-group');
  await picture(bo, 'phone-group');
  await picture(cy, 'desktop-dark');
}

// Two tabs are one device: both get everything, what one sends stands once in the other, and signing out is for both.
async function useTwoTabs({ bo, cy }) {
  const second = new Person(cy.context, await cy.context.newPage(), cy.username, cy.displayName);
  await second.page.goto(cy.page.url());
  await second.sees('Glad to be here');
  await second.online();
  await cy.say('From the first tab');
  await second.say('From the second tab');
  await bo.sees('From the second tab');
  for (const tab of [cy, second]) {
    await tab.waitForMessages(7);
    const own = (await tab.transcript()).filter((row) => row.mine).map((row) => row.text);
    assert.deepEqual(own.slice(-2).sort(), ['From the first tab', 'From the second tab']);
    assert.equal(own.length, 4);
  }
  await second.page.getByRole('button', { name: 'Sign out' }).click();
  await second.page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
  for (const tab of [cy, second]) await tab.page.getByRole('heading', { name: 'Welcome back' }).waitFor();
  second.assertUntroubled();
  say('two tabs are one person');
}

async function useTheKeyboard({ ada, bo, cy }) {
  const { page } = ada;
  for (const person of [ada, bo, cy]) await assertAccessible(person.page, `${person.username}'s conversation`);
  await page.getByRole('textbox', { name: 'Message', exact: true }).focus();
  await page.keyboard.type('two');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('lines');
  await page.keyboard.press('Enter');
  await page.locator('.content', { hasText: /^two\nlines$/ }).waitFor();
  await cy.page.locator('#announcer', { hasText: 'Ada Lovelace in Analytical engine: two' }).waitFor({ state: 'attached' });
  await page.keyboard.press('Escape');
  await page.getByText('Choose a conversation').waitFor();
  await page.waitForFunction(() => document.activeElement?.matches('.conversation-link'));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Analytical engine', level: 2 }).waitFor();
  await page.getByRole('button', { name: 'New group' }).click();
  await page.getByLabel('Username').fill(bo.username.slice(0, 3));
  await page.locator('.person').first().waitFor();
  await assertAccessible(page, 'the dialog');
  await picture(ada, 'desktop-new-group');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
  await assertAccessible(page, 'the sign-in page');
  await page.reload();
  await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
  await picture(ada, 'desktop-sign-in');
  await page.getByLabel('Username').fill(ada.username);
  await page.getByLabel('Password', { exact: true }).fill('a wrong one');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: /\w/ }).waitFor();
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
  await page.keyboard.press('Enter');
  await ada.online();
  await page.getByRole('link', { name: /Bo Nilsson/ }).waitFor();
  say('everything is reached, named and done with the keyboard');
}

const cluster = openCluster();
say(`chat-api at ${cluster.api}, pictures in ${pictures}`);
let browser;
let people = {};
try {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: kFlags });
  people = await signUp(browser, cluster.api);
  say('three people signed up');
  const scene = { ...people, cluster };
  await talkWhileAGatewayDies(scene);
  await loadOlder(scene);
  await waitForConnection(scene);
  await loseTheNetwork(scene);
  await talkInAGroup(scene);
  await useTheKeyboard(scene);
  await useTwoTabs(scene);
  for (const person of Object.values(people)) person.assertUntroubled();
  say('passed');
} catch (error) {
  for (const [name, person] of Object.entries(people)) await picture(person, `failed-${name}`).catch(() => {});
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser?.close();
  cluster.close();
}
