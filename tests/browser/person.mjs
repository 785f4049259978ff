import assert from 'node:assert/strict';

const kDeadlineMs = 60000;

// One person at one browser, by what they see: roles, labels, words. Every wait is for a condition.
export class Person {
  gateway = null;   // where their socket is, as POST /v1/connect named it
  #problems = [];

  static async signUp(browser, api, { username, displayName, ...options }) {
    const context = await browser.newContext({ locale: 'en-GB', ...options });
    const person = new Person(context, await context.newPage(), username, displayName);
    await person.page.goto(api);
    await person.page.getByRole('button', { name: 'Create an account' }).click();
    await person.page.getByLabel('Username').fill(username);
    await person.page.getByLabel('Display name').fill(displayName);
    await person.page.getByLabel('Password', { exact: true }).fill('correct horse battery');
    await person.page.getByRole('button', { name: 'Create account' }).click();
    await person.online();
    return person;
  }

  constructor(context, page, username, displayName) {
    Object.assign(this, { context, page, username, displayName });
    page.setDefaultTimeout(kDeadlineMs);
    page.on('pageerror', (error) => this.#problems.push(error.stack));
    page.on('console', (message) => {
      if (/Content Security Policy|Refused to/.test(message.text())) this.#problems.push(message.text());
    });
    page.on('response', async (response) => {
      if (!response.url().endsWith('/v1/connect') || !response.ok()) return;
      this.gateway = (await response.json().catch(() => ({}))).gateway ?? this.gateway;
    });
  }

  // Scripts that failed, and what the page's own policy refused.
  assertUntroubled() {
    assert.deepEqual(this.#problems, [], `${this.username}'s page`);
  }

  async online() {
    await this.page.locator('.connection[data-phase="online"]').waitFor({ state: 'attached' });
  }

  async startWith(other) {
    await this.page.getByRole('button', { name: 'New conversation' }).click();
    await this.page.getByLabel('Username').fill(other.username);
    await this.page.locator(`[data-username="${other.username}"]`).click();
    await this.page.getByRole('heading', { name: other.displayName, level: 2 }).waitFor();
  }

  async makeGroup(name, others) {
    await this.page.getByRole('button', { name: 'New group' }).click();
    await this.page.getByLabel('Group name').fill(name);
    for (const other of others) {
      await this.page.getByLabel('Username').fill(other.username);
      await this.page.locator(`[data-username="${other.username}"]`).click();
      await this.page.getByRole('button', { name: `Remove ${other.displayName}` }).waitFor();
    }
    await this.page.getByRole('button', { name: 'Create group' }).click();
    await this.page.getByRole('heading', { name, level: 2 }).waitFor();
  }

  async open(title) {
    await this.page.getByRole('link', { name: title }).first().click();
    await this.page.getByRole('heading', { name: title, level: 2 }).waitFor();
  }

  async say(text) {
    await this.page.getByRole('textbox', { name: 'Message', exact: true }).fill(text);
    await this.page.keyboard.press('Enter');
  }

  message(text) {
    return this.page.locator('.message', { has: this.page.locator('.content', { hasText: new RegExp(`^${text}$`) }) });
  }

  async sees(text) {
    await this.message(text).first().waitFor();
  }

  // What stands in the conversation, in its order: [{seq, text, mine}].
  transcript() {
    return this.page.locator('.message').evaluateAll((rows) => rows.map((row) => ({
      seq: row.dataset.seq ? Number(row.dataset.seq) : null,
      text: row.querySelector('.content').textContent,
      mine: row.classList.contains('mine'),
    })));
  }

  async waitForMessages(count) {
    await this.page.waitForFunction((wanted) => {
      const rows = [...document.querySelectorAll('.message')];
      return rows.length >= wanted && rows.every((row) => row.dataset.seq);
    }, count);
  }

  async waitForTicks(tick) {
    await this.page.waitForFunction((wanted) => {
      const ticks = [...document.querySelectorAll('.message.mine .tick')];
      return ticks.length > 0 && ticks.every((one) => one.dataset.tick === wanted);
    }, tick);
  }
}
