/**
 * The log-in of this tab. Tokens live in memory and in sessionStorage, which ends with the tab.
 *
 * A browser copies sessionStorage into a duplicated tab, and two users of one refresh token look like a thief and are
 * both logged out. So the tab that holds the device's lock keeps the tokens; the other one forgets them.
 */

import * as api from "./api.js";
import { SessionEnded } from "./connection.js";

/** @typedef {api.Tokens} Tokens */

const KEY = "hongyan.tokens";
/** A token this near its end is renewed before it is used. */
const SLACK_MS = 30_000;
const LOCK_WITHIN_MS = 1_000;

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
    this.forget();
    try {
      await api.logOut(this._tokens);
    } catch {
      // Not reached, or logged out already: this tab has nothing left of it, and the token runs out.
    }
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

/** The log-in that this tab had before it was reloaded. @returns {Promise<Session | null>} */
export async function resumed() {
  const kept = sessionStorage.getItem(KEY);
  if (!kept) return null;
  /** @type {Tokens} */
  const tokens = JSON.parse(kept);
  if (await holdsDevice(tokens.deviceId)) return new Session(tokens);
  sessionStorage.removeItem(KEY);
  return null;
}

/**
 * Takes the device's lock until the tab is gone; false when another tab has it.
 * @param {string} deviceId
 * @returns {Promise<boolean>}
 */
export function holdsDevice(deviceId) {
  // Browsers have locks on https and on the machine itself; elsewhere there is none to be had.
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    const options = { signal: AbortSignal.timeout(LOCK_WITHIN_MS) };
    const held = () => (resolve(true), new Promise(() => {}));
    navigator.locks.request(`hongyan.device.${deviceId}`, options, held).catch(() => resolve(false));
  });
}
