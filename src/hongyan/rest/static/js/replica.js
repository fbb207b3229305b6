/**
 * This page's copies of all conversations. What a packet says goes in by the `take…` methods; `settle`, called once a
 * packet, then judges what is missing: a packet's frames may close each other's gaps. Pure: no clock and no connection.
 */

import { Copy } from "./copy.js";
import { isGroup, UNAMENDED } from "./wire.js";

/** @typedef {import("./wire.js").Entry} Entry */
/** @typedef {import("./wire.js").Head} Head */
/** @typedef {import("./wire.js").Page} Page */
/** @typedef {import("./wire.js").Position} Position */
/** @typedef {import("./wire.js").Receipt} Receipt */
/** @typedef {import("./wire.js").Json} Json */

/** @typedef {{conversationId: string, after: number}} Pull */
/** @typedef {{changed: Set<string>, added: Entry[], nameless: boolean}} Settled what to show, and whether to sync for a name */

/** A gap this wide is not pulled: the page starts anew near the head, and history is read from there. */
const WIDE_GAP = 500;
const RESTART_BELOW_HEAD = 50;

export class Replica {
  /** @param {string} me the user whose page this is */
  constructor(me) {
    this.me = me;
    /** @type {Map<string, Copy>} */
    this.copies = new Map();
    /** @type {Set<string>} */
    this._touched = new Set();
    /** @type {Set<string>} */
    this._askedName = new Set();
  }

  /**
   * The copy of a conversation, made when this is the first that is heard of it.
   * @param {string} id
   * @param {number} low where the range may begin
   */
  ensure(id, low = 1) {
    let copy = this.copies.get(id);
    if (!copy) this.copies.set(id, (copy = new Copy(id, low)));
    return copy;
  }

  /** @param {Entry[]} entries */
  takeEntries(entries) {
    for (const entry of entries) {
      this.ensure(entry.conversationId, entry.seq).see(entry, this.me);
      this._touched.add(entry.conversationId);
    }
  }

  /**
   * A conversation as the list has it.
   * @param {Head} head
   * @param {boolean} fresh this page has not synced before: of a new conversation it keeps the last entry alone
   */
  takeHead(head, fresh) {
    const known = this.copies.has(head.conversationId);
    const copy = this.ensure(head.conversationId, fresh ? head.seq + 1 : Math.max(1, head.firstSeq));
    if (!known && fresh && head.preview) copy.beginWith(head.preview);
    copy.mergeHead(head);
    if (head.preview) copy.see(head.preview, this.me);
    this._touched.add(copy.id);
  }

  /**
   * What became of a submission of ours. A message's entry is made here; other entries are the server's to make, and are
   * pulled.
   * @param {Receipt} receipt
   * @param {Json | null} content the message, when it was one
   */
  takeReceipt(receipt, content) {
    const { conversationId, clientMsgId, seq, messageId, timeMs, countable } = receipt;
    if (content) {
      /** @type {Entry} */
      const entry = { conversationId, seq, messageId, senderId: this.me, clientMsgId, timeMs, countable, body: { kind: "message", content, amendment: UNAMENDED } };
      this.takeEntries([entry]);
      return;
    }
    const copy = this.ensure(conversationId, seq);
    if (seq > copy.head) [copy.head, copy.countable] = [seq, countable];
    this._touched.add(conversationId);
  }

  /**
   * The answer to a pull; says whether it brought the conversation further.
   * @param {Pull} pull
   * @param {Page} page
   */
  takePage(pull, page) {
    const copy = this.ensure(pull.conversationId);
    const before = copy.high;
    if (page.restartSeq) copy.startAt(page.restartSeq + 1);
    // What lies between may not be seen by this user any more.
    else if (page.entries.length && page.entries[0].seq > Math.max(pull.after, before) + 1) copy.startAt(page.entries[0].seq);
    this.takeEntries(page.entries);
    this._touched.add(copy.id);
    return page.restartSeq > 0 || page.entries.some((entry) => entry.seq > before);
  }

  /**
   * A page of entries below the range.
   * @param {string} id
   * @param {Page} page
   */
  takeHistory(id, page) {
    this.ensure(id).extendDown(page.entries, !page.more);
    this._touched.add(id);
  }

  /**
   * Positions that moved.
   * @param {string} id
   * @param {Position[]} positions
   */
  takePositions(id, positions) {
    const copy = this.copies.get(id);
    if (!copy) return;
    for (const position of positions) {
      if (position.userId === this.me) copy.confirm(position);
      else copy.movePosition(position);
    }
    this._touched.add(id);
  }

  /** @param {string} id  @param {number} seq */
  markRead(id, seq) {
    const copy = this.copies.get(id);
    if (!copy) return;
    copy.wantRead(Math.min(seq, copy.head));
    this._touched.add(id);
  }

  /**
   * The countable number at a read position that `lookups` asked for.
   * @param {string} id
   * @param {number} seq
   * @param {number} countable
   */
  resolveRead(id, seq, countable) {
    this.ensure(id).moveRead(seq, countable);
    this._touched.add(id);
  }

  /**
   * Judges what was taken in since the last time.
   * @returns {Settled}
   */
  settle() {
    const changed = this._touched;
    this._touched = new Set();
    /** @type {Entry[]} */
    const added = [];
    let nameless = false;
    for (const id of changed) {
      const copy = this.ensure(id);
      added.push(...copy.merge());
      if (copy.head - copy.high > WIDE_GAP) copy.startAt(copy.head - RESTART_BELOW_HEAD);
      // Who is added to a group sees the entry that says so, but the name stands in the list.
      if (isGroup(id) && !copy.name && !this._askedName.has(id)) {
        this._askedName.add(id);
        nameless = true;
      }
    }
    return { changed, added, nameless };
  }

  /** What to pull: one question a conversation. @returns {Pull[]} */
  holes() {
    return [...this.copies.values()].filter((copy) => copy.hasHole).map((copy) => ({ conversationId: copy.id, after: copy.high }));
  }

  /** Read positions whose countable number has to be looked up, now that the range has passed them. */
  lookups() {
    const open = [...this.copies.values()].filter((copy) => copy.wantedReadSeq && copy.wantedReadSeq <= copy.high);
    return open.map((copy) => ({ conversationId: copy.id, seq: copy.wantedReadSeq }));
  }

  /** Own positions that the server is not known to have, as `Mark` commands. @returns {Json[]} */
  marks() {
    const marks = [];
    for (const copy of this.copies.values()) {
      const wanted = Math.max(copy.readSeq, copy.wantedReadSeq);
      const read = copy.member && wanted > copy.confirmedSeq ? wanted : 0;
      // Only a conversation of two shows what was delivered: in a group it would cost every member a frame an entry.
      const delivered = copy.id.startsWith("s:") && copy.high > copy.deliveredSeq ? copy.high : 0;
      if (read || delivered) marks.push({ conversation_id: copy.id, read_seq: String(read), delivered_seq: String(delivered) });
    }
    return marks;
  }

  /** All copies, the one with the latest entry first. */
  byActivity() {
    return [...this.copies.values()].sort((a, b) => (b.preview?.timeMs ?? 0) - (a.preview?.timeMs ?? 0));
  }
}
