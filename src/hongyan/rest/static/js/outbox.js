/**
 * Submissions without a receipt. One that may have reached the server goes out again under the same id and says so; it
 * leaves by its receipt or by a refusal for good. Of a conversation one is on its way at a time, so that none overtakes
 * another. Time comes in as an argument.
 */

import { fullJitterMs } from "./backoff.js";

/** @typedef {import("./wire.js").Json} Json */

/**
 * @typedef {object} Pending
 * @property {string} conversationId
 * @property {string} clientMsgId
 * @property {Json} command the command of a Submit: {message: …}, {recall: …} and so on
 * @property {number} madeMs
 * @property {boolean} sent it may have reached the server
 * @property {boolean} flying it is on its way on this connection
 * @property {number} sinceMs when it was last sent
 * @property {number} refusals how often the server asked to try later
 * @property {number} seq its place once the receipt came; 0 until then
 * @property {import("./wire.js").Failure | null} failure why it was refused for good; null while it may still succeed
 */

/** How long a receipt may take on an open connection before it is asked for again. */
const OVERDUE_MS = 15_000;

export class Outbox {
  constructor() {
    /** @type {Map<string, Pending>} */
    this._items = new Map();
    /** Until when a conversation rests after a refusal for a moment. @type {Map<string, number>} */
    this._restsUntilMs = new Map();
  }

  /**
   * @param {string} conversationId
   * @param {string} clientMsgId
   * @param {Json} command
   * @param {number} nowMs
   */
  put(conversationId, clientMsgId, command, nowMs) {
    /** @type {Pending} */
    const item = {
      conversationId, clientMsgId, command, madeMs: nowMs, sent: false, flying: false, sinceMs: 0, refusals: 0, seq: 0, failure: null,
    };
    this._items.set(clientMsgId, item);
    return item;
  }

  /** @param {string} clientMsgId */
  get(clientMsgId) {
    return this._items.get(clientMsgId);
  }

  /** Those that still may succeed. */
  get waiting() {
    return [...this._items.values()].filter((item) => !item.seq && !item.failure).length;
  }

  /**
   * Those to be sent now, in order; they count as on their way from here on.
   * @param {number} nowMs
   * @param {number} limit how many may be on their way at once
   */
  take(nowMs, limit) {
    const taken = [];
    /** @type {Set<string>} */
    const busy = new Set();
    let flying = 0;
    for (const item of this._items.values()) if (item.flying) busy.add(item.conversationId), flying++;
    for (const item of this._items.values()) {
      if (flying >= limit) break;
      if (item.seq || item.failure || item.flying || busy.has(item.conversationId)) continue;
      // The empty conversation is that of groups to be made: they do not wait for each other.
      if (item.conversationId) busy.add(item.conversationId);
      if ((this._restsUntilMs.get(item.conversationId) ?? 0) > nowMs) continue;
      item.flying = true;
      item.sinceMs = nowMs;
      flying++;
      taken.push(item);
    }
    return taken;
  }

  /**
   * The Submit for the wire, this time.
   * @param {Pending} item
   * @returns {Json}
   */
  frame(item) {
    const { conversationId, clientMsgId, command } = item;
    const submit = { conversation_id: conversationId, client_msg_id: clientMsgId, resend: item.sent, ...command };
    item.sent = true;
    return submit;
  }

  /**
   * The receipt has come: nothing more is to be sent.
   * @param {Pending} item
   * @param {number} seq
   */
  finish(item, seq) {
    item.flying = false;
    item.seq = seq;
    if (!item.command.message) this._items.delete(item.clientMsgId);
  }

  /**
   * Refused for good; it stays, to be shown, until it is dropped.
   * @param {Pending} item
   * @param {import("./wire.js").Failure} failure
   */
  refuse(item, failure) {
    item.flying = false;
    item.failure = failure;
    if (!item.command.message) this._items.delete(item.clientMsgId);
  }

  /**
   * Refused for a moment; gives how long its conversation rests.
   * @param {Pending} item
   * @param {number} nowMs
   * @param {number} retryAfterMs what the server asked for; 0: nothing
   */
  rest(item, nowMs, retryAfterMs) {
    const restMs = retryAfterMs + fullJitterMs(item.refusals++);
    item.flying = false;
    this._restsUntilMs.set(item.conversationId, nowMs + restMs);
    return restMs;
  }

  /** The connection is gone: what was on its way goes out again on the next one. */
  land() {
    for (const item of this._items.values()) item.flying = false;
    this._restsUntilMs.clear();
  }

  /**
   * Lets those be sent again whose receipts take too long.
   * @param {number} nowMs
   */
  landOverdue(nowMs) {
    for (const item of this._items.values()) if (item.flying && nowMs - item.sinceMs > OVERDUE_MS) item.flying = false;
  }

  /** Its entry was seen, so it is not shown as waiting; its receipt may still come.  @param {string} clientMsgId */
  seen(clientMsgId) {
    const item = this._items.get(clientMsgId);
    if (item?.command.message) this._items.delete(clientMsgId);
  }

  /** @param {string} clientMsgId */
  drop(clientMsgId) {
    this._items.delete(clientMsgId);
  }

  /**
   * The messages of a conversation that are to be shown below its entries; those that are entries by now are let go.
   * @param {string} conversationId
   * @param {number} high the last seq of the entries
   */
  below(conversationId, high) {
    const mine = [...this._items.values()].filter((item) => item.conversationId === conversationId && item.command.message);
    for (const item of mine) if (item.seq && item.seq <= high) this._items.delete(item.clientMsgId);
    return mine.filter((item) => !item.seq || item.seq > high);
  }
}
