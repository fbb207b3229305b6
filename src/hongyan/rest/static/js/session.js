/**
 * The log-in of this tab. Tokens live in memory and in sessionStorage, which ends with the tab. One tab is one device:
 * two that used the same refresh token would look like a thief, and be logged out.
 */

import * as api from "./api.js";
import { SessionEnded } from "./connection.js";
import { freeDevice, isStillDevice, keepDevice } from "./devices.js";

/** @typedef {api.Tokens} Tokens */

const KEY = "hongyan.tokens";
/** A token this near its end is renewed before it is used. */
const SLACK_MS = 30_000;

export class Session {
  /** @param {Tokens} tokens */
  constructor(tokens) {
    this.userId = tokens.userId;
    this._tokens = tokens;
    /** @type {Promise<string> | null} */
    this._renewing = null;
    this._keep(tokens);
  }

  /**
   * A token that is good for a while. Rejects with SessionEnded when only a new log-in helps.
   * @param {boolean} renew the last one was refused
   */
  token(renew) {
    if (!renew && this._tokens.expiresAtMs - SLACK_MS > Date.now()) return Promise.resolve(this._tokens.access);
    // One refresh at a time: the second use of a refresh token would end the session.
    this._renewing ??= this._renew().finally(() => (this._renewing = null));
    return this._renewing;
  }

  /** Tells the server, when it can be reached, and forgets the tokens in any case. */
  async end() {
    try {
      await api.logOut(await this.token(false));
    } catch {
      // Not reached, or logged out already: this tab has nothing left of it, and the tokens run out.
    }
    this.forget();
  }

  forget() {
    sessionStorage.removeItem(KEY);
  }

  async _renew() {
    try {
      this._keep(await api.refresh(this._tokens));
    } catch (error) {
      if (!(error instanceof api.Refused) || error.status !== 401) throw error;
      this.forget();
      throw new SessionEnded();
    }
    return this._tokens.access;
  }

  /** @param {Tokens} tokens */
  _keep(tokens) {
    this._tokens = tokens;
    sessionStorage.setItem(KEY, JSON.stringify(tokens));
  }
}

/**
 * Logs in, as a device that this browser was before if one is free. Rejects with Refused.
 * @param {string} userId
 * @param {string} password
 */
export async function logIn(userId, password) {
  const tokens = await api.logIn(userId, password, await freeDevice(userId));
  await keepDevice(userId, tokens.deviceId);
  return new Session(tokens);
}

/** The log-in that this tab had before it was reloaded. @returns {Promise<Session | null>} */
export async function resumed() {
  const kept = sessionStorage.getItem(KEY);
  if (!kept) return null;
  /** @type {Tokens} */
  const tokens = JSON.parse(kept);
  if (await isStillDevice(tokens.deviceId)) return new Session(tokens);
  sessionStorage.removeItem(KEY);
  return null;
}
