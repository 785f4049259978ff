// The HTTP side of the contract. Every call has a deadline and fails with a Problem, whose message is a sentence for
// people. The access token lives in this object only, never in storage: scripts of another page cannot read it, and the
// refresh cookie (HttpOnly) brings the next one.
const kDeadlineMs = 15000;
const kMostConversations = 10000;

export class Problem extends Error {
  constructor(code, sentence, { status = 0, retryAfterMs = 0 } = {}) {
    super(sentence);
    this.code = code;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

export class Api {
  #fetch;
  #token = null;
  #refreshing = null;

  // onSession(session) is told of every new session, also of those that refreshing found.
  constructor({ fetch = (...args) => globalThis.fetch(...args), onSession = () => {} } = {}) {
    this.#fetch = fetch;
    this.onSession = onSession;
  }

  get token() {
    return this.#token;
  }

  register(fields) {
    return this.#send('POST', '/v1/auth/register', fields);
  }

  async login(fields) {
    return this.#adopt(await this.#send('POST', '/v1/auth/login', fields));
  }

  // One refresh at a time: the callers share its answer.
  refresh() {
    this.#refreshing ??= this.#send('POST', '/v1/auth/refresh')
      .then((session) => this.#adopt(session))
      .finally(() => {
        this.#refreshing = null;
      });
    return this.#refreshing;
  }

  async logout() {
    try {
      await this.#send('POST', '/v1/auth/logout');
    } finally {
      this.#token = null;
    }
  }

  connect() {
    return this.#call('POST', '/v1/connect', {});
  }

  me() {
    return this.#call('GET', '/v1/users/me');
  }

  user(id) {
    return this.#call('GET', `/v1/users/${id}`);
  }

  findUsers(query) {
    return this.#call('GET', `/v1/users?query=${encodeURIComponent(query)}`);
  }

  // All pages of my conversations, at most kMostConversations; `complete` where that was all of them. onPage(items) sees
  // each page as it comes.
  async conversations(onPage = () => {}) {
    const all = [];
    let cursor = null;
    do {
      const page = await this.#call('GET', `/v1/conversations?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
      all.push(...page.items);
      onPage(page.items);
      cursor = page.next_cursor ?? null;
    } while (cursor && all.length < kMostConversations);
    return { items: all, complete: !cursor };
  }

  conversation(id) {
    return this.#call('GET', `/v1/conversations/${id}`);
  }

  members(id) {
    return this.#call('GET', `/v1/conversations/${id}/members?limit=1000`);
  }

  addMembers(id, userIds) {
    return this.#call('POST', `/v1/conversations/${id}/members`, { user_ids: userIds });
  }

  removeMember(id, userId) {
    return this.#call('DELETE', `/v1/conversations/${id}/members/${userId}`);
  }

  messages(id, { before, limit = 50 } = {}) {
    return this.#call('GET', `/v1/conversations/${id}/messages?limit=${limit}${before ? `&before=${before}` : ''}`);
  }

  startOneOnOne(userId) {
    return this.#call('POST', '/v1/conversations', { type: 'one_on_one', member_ids: [userId] });
  }

  startGroup(name, memberIds) {
    return this.#call('POST', '/v1/groups', { name, member_ids: memberIds });
  }

  #adopt(session) {
    this.#token = session.access_token;
    this.onSession(session);
    return session;
  }

  // With the access token; an old one is renewed once.
  async #call(method, path, body) {
    if (!this.#token) await this.refresh();
    try {
      return await this.#send(method, path, body, this.#token);
    } catch (problem) {
      if (problem.status !== 401) throw problem;
      await this.refresh();
      return this.#send(method, path, body, this.#token);
    }
  }

  async #send(method, path, body, token) {
    const headers = { accept: 'application/json' };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (token) headers.authorization = `Bearer ${token}`;
    let response;
    let text;
    try {
      response = await this.#fetch(path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(kDeadlineMs),
      });
      text = await response.text();
    } catch {
      throw new Problem('offline', 'The server cannot be reached. Check your connection and try again.');
    }
    const answer = parse(text);
    if (response.ok) return answer;
    const wait = Number(response.headers.get('retry-after'));
    throw new Problem(
      answer.code ?? 'unavailable',
      answer.detail || answer.title || `The server answered ${response.status}. Try again in a moment.`,
      { status: response.status, retryAfterMs: Number.isFinite(wait) ? wait * 1000 : 0 },
    );
  }
}

function parse(text) {
  try {
    return text ? JSON.parse(text) : {};
  } catch {
    return {};
  }
}
