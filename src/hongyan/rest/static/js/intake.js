/**
 * What comes down a connection, and what has to be asked for so that the copies are whole: syncs, gaps, read positions.
 * Owns no socket: it asks through the connection it was given. Invariant: gaps are judged once a packet, after all of it.
 */

import { readEntry, readHead, readPage, readPositions } from "./wire.js";

/** @typedef {import("./wire.js").Json} Json */
/** @typedef {import("./wire.js").Entry} Entry */
/** @typedef {import("./wire.js").Failure} Failure */
/** @typedef {import("./replica.js").Pull} Pull */

const HISTORY_PAGE = 50;
const PULL_PAGE = 200;
/** How long a gap may take to close by itself; how long an answer that brought nothing is not asked for again. */
const GAP_MS = 100;
const PULL_REST_MS = 1_000;
const PULLS_AT_ONCE = 4;
const MARK_EVERY_MS = 300;

/**
 * @typedef {object} Told
 * @property {(changed: Set<string>, added: Entry[]) => void} onSettled a packet was taken in
 * @property {(conversationId: string, userId: string) => void} onTyping
 */

export class Intake {
  /**
   * @param {import("./replica.js").Replica} replica
   * @param {import("./connection.js").Connection} connection
   * @param {Told} told
   */
  constructor(replica, connection, told) {
    this.cursor = "";
    /** Whether this page has been through one whole sync. */
    this.synced = false;
    this._replica = replica;
    this._connection = connection;
    this._told = told;
    /** What is under way, as "kind conversation". @type {Set<string>} */
    this._asking = new Set();
    /** The marks that this connection has carried, by conversation. @type {Map<string, string>} */
    this._marked = new Map();
    this._marking = this._pulling = 0;
  }

  /** The connection is gone, and with it what was asked. */
  lost() {
    this._asking.clear();
    this._marked.clear();
  }

  /** @param {Json} page */
  takeSync(page) {
    for (const head of page.conversations ?? []) this._replica.takeHead(readHead(head), !this.synced);
    this.cursor = page.cursor ?? this.cursor;
    if (page.more) this.sync();
    else this.synced = true;
  }

  sync() {
    this._once("sync", { sync: { cursor: this.cursor } }, (event) => event && this.takeSync(event.sync_page ?? {}));
  }

  /** @param {Json} frame */
  take(frame) {
    if (frame.push) this._replica.takeEntries((frame.push.entries ?? []).map(readEntry));
    else if (frame.positions) this._replica.takePositions(frame.positions.conversation_id, readPositions(frame.positions));
    else if (frame.signal?.kind === "typing") this._told.onTyping(frame.signal.conversation_id, frame.signal.sender_id);
    else if (frame.resync) this.sync();
  }

  /** The packet is over: tells what changed, and asks for what is missing. */
  settle() {
    const { changed, added, nameless } = this._replica.settle();
    this._told.onSettled(changed, added);
    if (!this._isOnline) return;
    if (nameless) this.sync();
    if (!this._pulling && this._replica.holes().length) this._pulling = window.setTimeout(() => this._pullHoles(), GAP_MS);
    for (const { conversationId, seq } of this._replica.lookups()) this._lookUp(conversationId, seq);
    if (!this._marking) this._marking = window.setTimeout(() => this._mark(), MARK_EVERY_MS);
  }

  /** The page below the range, unless it is under way or there is none.  @param {string} id */
  loadOlder(id) {
    const copy = this._replica.ensure(id);
    if (copy.isWhole) return;
    const asked = { conversation_id: id, seq: String(copy.low), backward: true, limit: HISTORY_PAGE };
    this._once(`older ${id}`, { get_entries: asked }, (event) => {
      if (event) this._replica.takeHistory(id, readPage(event.entry_page ?? {}));
      else this._told.onSettled(new Set([id]), []);
    });
  }

  /** Whether an older page is on its way.  @param {string} id */
  isLoading(id) {
    return this._asking.has(`older ${id}`);
  }

  /** How far the others have read: pushes only tell of what moves from now on.  @param {string} id */
  loadPositions(id) {
    if (this._asking.has(`positions ${id}`)) return;
    this._once(`positions ${id}`, { get_positions: { conversation_id: id } }, (event) => {
      if (event) this.take(event);
      // Once a connection is enough.
      this._asking.add(`positions ${id}`);
    });
  }

  get _isOnline() {
    return this._connection.state.kind === "online";
  }

  /**
   * Asks unless the same is under way. What the answer changes is settled with its packet.
   * @param {string} key
   * @param {Json} command
   * @param {(event: Json | null, failure: Failure | null) => void} done
   */
  _once(key, command, done) {
    if (this._asking.has(key) || !this._isOnline) return;
    this._asking.add(key);
    this._connection.request(command, (event, failure) => {
      this._asking.delete(key);
      done(event, failure);
    });
  }

  _pullHoles() {
    this._pulling = 0;
    if (!this._isOnline) return;
    for (const pull of this._replica.holes()) {
      const busy = [...this._asking].filter((key) => key.startsWith("pull ")).length;
      if (busy < PULLS_AT_ONCE) this._pull(pull);
    }
  }

  /** @param {Pull} pull */
  _pull(pull) {
    const id = pull.conversationId;
    const key = `pull ${id}`;
    this._once(key, { get_entries: { conversation_id: id, seq: String(pull.after), limit: PULL_PAGE } }, (event, failure) => {
      if (event && this._replica.takePage(pull, readPage(event.entry_page ?? {}))) return;
      const copy = this._replica.ensure(id);
      // Refused for good: what is up there is not this user's to see.
      if (failure?.permanent) copy.startAt(copy.head + 1);
      if (failure?.permanent || !this._isOnline) return;
      // An answer that brought nothing is not asked for again at once.
      this._asking.add(key);
      setTimeout(() => {
        this._asking.delete(key);
        this.settle();
      }, Math.max(PULL_REST_MS, failure?.retryAfterMs ?? 0));
    });
  }

  /**
   * The countable number at a read position that lies below what this page holds.
   * @param {string} id
   * @param {number} seq
   */
  _lookUp(id, seq) {
    const copy = this._replica.ensure(id);
    this._once(`read ${id}`, { get_entries: { conversation_id: id, seq: String(seq - 1), limit: 1 } }, (event, failure) => {
      const [entry] = event ? readPage(event.entry_page ?? {}).entries : [];
      if (entry?.seq === seq) this._replica.resolveRead(id, seq, entry.countable);
      else if (event || failure?.permanent) copy.wantedReadSeq = 0;
    });
  }

  _mark() {
    this._marking = 0;
    if (!this._isOnline) return;
    for (const mark of this._replica.marks()) {
      const said = `${mark.read_seq} ${mark.delivered_seq}`;
      if (this._marked.get(mark.conversation_id) === said) continue;
      this._marked.set(mark.conversation_id, said);
      this._connection.cast({ mark });
    }
  }
}
