/** Who is typing where. A sign lasts some seconds, unless it is renewed or its sender's message comes. */

const LASTS_MS = 6_000;
const SAY_EVERY_MS = 3_000;

export class Typing {
  /** @param {(conversationId: string) => void} onChange */
  constructor(onChange) {
    this._onChange = onChange;
    /** Timers that end a sign, by conversation and user. @type {Map<string, Map<string, number>>} */
    this._heard = new Map();
    /** @type {Map<string, number>} */
    this._saidMs = new Map();
  }

  /** @param {string} id  @returns {string[]} */
  who(id) {
    return [...(this._heard.get(id)?.keys() ?? [])];
  }

  /** @param {string} id  @param {string} userId */
  heard(id, userId) {
    let users = this._heard.get(id);
    if (!users) this._heard.set(id, (users = new Map()));
    clearTimeout(users.get(userId));
    users.set(userId, window.setTimeout(() => this.stopped(id, userId), LASTS_MS));
    this._onChange(id);
  }

  /** @param {string} id  @param {string} userId */
  stopped(id, userId) {
    const users = this._heard.get(id);
    if (!users?.has(userId)) return;
    clearTimeout(users.get(userId));
    users.delete(userId);
    this._onChange(id);
  }

  /**
   * Whether it is time to tell the others again.
   * @param {string} id
   * @param {number} nowMs
   */
  shouldSay(id, nowMs) {
    if (nowMs - (this._saidMs.get(id) ?? 0) < SAY_EVERY_MS) return false;
    this._saidMs.set(id, nowMs);
    return true;
  }

  /** A message was sent: the next key is a new beginning.  @param {string} id */
  said(id) {
    this._saidMs.delete(id);
  }

  clear() {
    for (const users of this._heard.values()) for (const timer of users.values()) clearTimeout(timer);
    this._heard.clear();
  }
}
