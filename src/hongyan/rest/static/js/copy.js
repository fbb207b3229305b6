/**
 * One conversation as this page knows it: a range of entries without holes, the head above it, the own read position.
 * Pure. Every rule is a merge (a maximum, an end that grows, a placeholder that never turns back), so news may come
 * twice, late or in another order. The rules are those of proto/client.md.
 */

/** @typedef {import("./wire.js").Entry} Entry */
/** @typedef {import("./wire.js").Head} Head */
/** @typedef {import("./wire.js").Position} Position */

/** @typedef {{kind: "recalled" | "deleted", byUserId: string}} Gone what stands where a message stood */

/** Entries above a hole that are kept until it is filled; more are let go, and pulled again. */
const BEYOND_LIMIT = 1000;

export class Copy {
  /**
   * @param {string} id
   * @param {number} low the first seq that the range may hold; it is empty so far
   */
  constructor(id, low) {
    this.id = id;
    this.low = low;
    this.high = low - 1;
    /** The last seq known of, and the countable number there. */
    this.head = 0;
    this.countable = 0;
    /** The first seq this user may see; 0 while unknown. */
    this.firstSeq = 0;
    this.readSeq = 0;
    this.readCountable = 0;
    /** A read position whose countable number is not known yet; 0: none. */
    this.wantedReadSeq = 0;
    /** The own positions that the server is known to have. */
    this.confirmedSeq = 0;
    this.deliveredSeq = 0;
    this.member = true;
    this.memberSeq = 0;
    this.name = "";
    /** @type {Entry | null} */
    this.preview = null;
    /** @type {Map<number, Entry>} */
    this.entries = new Map();
    /** Others' positions. @type {Map<string, Position>} */
    this.positions = new Map();
    /** @type {Map<number, Entry>} */
    this._beyond = new Map();
    /** By the seq of the message: a page made before a recall may come after its notice. @type {Map<number, Gone>} */
    this._recalled = new Map();
    /** The edits and reactions of the range, by the seq of the message, ascending. @type {Map<number, Entry[]>} */
    this._changes = new Map();
  }

  /** Countable entries by others that were not read: own ones never count, since sending moves the read position. */
  get unread() {
    return this.member ? Math.max(0, this.countable - this.readCountable) : 0;
  }

  /** Entries above the range are known to exist. */
  get hasHole() {
    return this.high < this.head;
  }

  /** Whether the range reaches down to the first entry this user may see. */
  get isWhole() {
    return this.low <= Math.max(1, this.firstSeq);
  }

  /** Whether the message there was taken back.  @param {number} seq */
  isRecalled(seq) {
    return this._recalled.has(seq) || ["recalled", "deleted"].includes(this.entries.get(seq)?.body.kind ?? "");
  }

  /**
   * Takes in what an entry says, wherever it belongs; `merge` puts it into the range.
   * @param {Entry} entry
   * @param {string} me
   */
  see(entry, me) {
    if (entry.seq > this.head) [this.head, this.countable] = [entry.seq, entry.countable];
    if (!this.preview || entry.seq > this.preview.seq) this.preview = entry;
    if (entry.senderId === me) {
      this.moveRead(entry.seq, entry.countable);
      this.confirmedSeq = Math.max(this.confirmedSeq, entry.seq);
    } else {
      // Who sends has read what is above; no position is pushed for it.
      this.movePosition({ userId: entry.senderId, readSeq: entry.seq, deliveredSeq: entry.seq });
    }
    this._seeMembers(entry, me);
    const { body } = entry;
    if (body.kind === "recall") this._recall(body.seq, { kind: "recalled", byUserId: entry.senderId });
    if (body.kind === "delete") this._recall(body.seq, { kind: "deleted", byUserId: entry.senderId });
    if (body.kind === "recalled" || body.kind === "deleted") this._recall(entry.seq, body);
    if (entry.seq > this.high) this._keepBeyond(entry);
  }

  /** Moves what continues the range into it; gives those entries. */
  merge() {
    const added = [];
    for (let next; (next = this._beyond.get(this.high + 1)); ) {
      this._beyond.delete(next.seq);
      this.high = next.seq;
      const entry = this._asItStands(next);
      this.entries.set(entry.seq, entry);
      if (entry.body.kind === "edit" || entry.body.kind === "reaction") this._change(entry, entry.body.seq);
      if (entry.seq === this.wantedReadSeq) this.moveRead(entry.seq, entry.countable);
      added.push(entry);
    }
    return added;
  }

  /**
   * The range, empty so far, begins with this entry.
   * @param {Entry} entry
   */
  beginWith(entry) {
    this.low = this.high = entry.seq;
    this.entries.set(entry.seq, entry);
  }

  /**
   * Takes in a page that ends right below the range; one that does not is left alone.
   * @param {Entry[]} page
   * @param {boolean} reachesFirst nothing lies below it
   */
  extendDown(page, reachesFirst) {
    if (page.some((entry, index) => entry.seq !== this.low - page.length + index)) return;
    for (const entry of page) this.entries.set(entry.seq, this._asItStands(entry));
    this.low -= page.length;
    if (reachesFirst) this.firstSeq = Math.max(this.firstSeq, this.low);
  }

  /**
   * Lets go of everything below `seq`: it may not be seen any more, or is too far away to be joined.
   * @param {number} seq
   */
  startAt(seq) {
    if (seq <= this.low) return;
    this.low = seq;
    this.high = Math.max(this.high, seq - 1);
    for (const map of [this.entries, this._beyond, this._recalled, this._changes]) {
      for (const key of [...map.keys()]) if (key < seq) map.delete(key);
    }
  }

  /**
   * The list's view of the conversation.
   * @param {Head} head
   */
  mergeHead(head) {
    if (head.seq >= this.head) [this.head, this.countable] = [head.seq, head.countable];
    if (head.seq >= this.memberSeq) [this.member, this.memberSeq] = [head.member, head.seq];
    this.name = head.name || this.name;
    this.deliveredSeq = Math.max(this.deliveredSeq, head.deliveredSeq);
    this.confirmedSeq = head.readSeq;
    this.moveRead(head.readSeq, head.countable - head.unread);
    this.firstSeq = Math.max(this.firstSeq, head.firstSeq);
    this.startAt(this.firstSeq);
  }

  /**
   * The own read position is here at least, and so many countable entries lie up to it.
   * @param {number} seq
   * @param {number} countable
   */
  moveRead(seq, countable) {
    if (seq > this.readSeq) {
      this.readSeq = seq;
      this.readCountable = Math.max(countable, this.readCountable);
    }
    if (this.wantedReadSeq <= this.readSeq) this.wantedReadSeq = 0;
  }

  /**
   * The own read position shall be here; its countable number is at hand, or has to be looked up.
   * @param {number} seq
   */
  wantRead(seq) {
    if (seq <= Math.max(this.readSeq, this.wantedReadSeq)) return;
    const entry = this.entries.get(seq);
    if (seq === this.head) this.moveRead(seq, this.countable);
    else if (entry) this.moveRead(seq, entry.countable);
    else this.wantedReadSeq = seq;
  }

  /**
   * What the server has as the own positions.
   * @param {Position} position
   */
  confirm({ readSeq, deliveredSeq }) {
    this.confirmedSeq = Math.max(this.confirmedSeq, readSeq);
    this.deliveredSeq = Math.max(this.deliveredSeq, deliveredSeq);
    this.head = Math.max(this.head, readSeq);
    this.wantRead(readSeq);
  }

  /**
   * Another user has read, or received, up to here at least.
   * @param {Position} position
   */
  movePosition({ userId, readSeq, deliveredSeq }) {
    const before = this.positions.get(userId) ?? { readSeq: 0, deliveredSeq: 0 };
    this.positions.set(userId, {
      userId,
      readSeq: Math.max(readSeq, before.readSeq),
      deliveredSeq: Math.max(deliveredSeq, before.deliveredSeq),
    });
  }

  /** @param {Entry} entry */
  _keepBeyond(entry) {
    if (this._beyond.size >= BEYOND_LIMIT && entry.seq !== this.high + 1) this._beyond.clear();
    if (!this._beyond.has(entry.seq)) this._beyond.set(entry.seq, entry);
  }

  /**
   * Notes an edit or a reaction. They come here in their order, whatever the order of the news.
   * @param {Entry} later
   * @param {number} seq of the message
   */
  _change(later, seq) {
    const changes = this._changes.get(seq) ?? [];
    changes.push(later);
    this._changes.set(seq, changes);
    const entry = this.entries.get(seq);
    if (entry) this.entries.set(seq, amended(entry, later));
  }

  /**
   * @param {number} seq
   * @param {Gone} gone
   */
  _recall(seq, gone) {
    if (!this._recalled.has(seq)) this._recalled.set(seq, gone);
    const entry = this.entries.get(seq);
    if (entry) this.entries.set(seq, this._asItStands(entry));
    if (this.preview?.seq === seq) this.preview = this._asItStands(this.preview);
  }

  /** @param {Entry} entry  @returns {Entry} */
  _asItStands(entry) {
    if (entry.body.kind !== "message") return entry;
    const gone = this._recalled.get(entry.seq);
    if (gone) return { ...entry, body: { ...gone } };
    return (this._changes.get(entry.seq) ?? []).reduce(amended, entry);
  }

  /**
   * @param {Entry} entry
   * @param {string} me
   */
  _seeMembers(entry, me) {
    const { body, seq } = entry;
    if (body.kind === "group_created") this.name = this.name || body.name;
    if (body.kind === "members_removed") for (const userId of body.memberIds) this.positions.delete(userId);
    if (body.kind === "member_left") this.positions.delete(entry.senderId);
    if (seq <= this.memberSeq) return;
    if ((body.kind === "group_created" || body.kind === "members_added") && body.memberIds.includes(me)) {
      [this.member, this.memberSeq] = [true, seq];
      this.firstSeq = Math.max(this.firstSeq, seq);
      this.startAt(seq);
    } else if (
      (body.kind === "members_removed" && body.memberIds.includes(me)) ||
      (body.kind === "member_left" && entry.senderId === me)
    ) {
      [this.member, this.memberSeq] = [false, seq];
    }
  }
}

/**
 * A message once a later entry has told a change of it; what it contains already is passed over.
 * @param {Entry} entry
 * @param {Entry} later
 * @returns {Entry}
 */
function amended(entry, later) {
  const { body } = entry;
  const told = later.body;
  if (body.kind !== "message" || later.seq <= body.amendment.amendedSeq) return entry;
  const amendment = { ...body.amendment, amendedSeq: later.seq };
  if (told.kind === "edit") {
    amendment.editSeq = later.seq;
    return { ...entry, body: { ...body, content: told.content ?? body.content, amendment } };
  }
  if (told.kind !== "reaction") return entry;
  const { emoji, on } = told;
  const others = body.amendment.reactions.map((each) =>
    each.emoji === emoji ? { emoji, userIds: each.userIds.filter((userId) => userId !== later.senderId || on) } : each);
  const found = others.find((each) => each.emoji === emoji);
  if (on && !found) others.push({ emoji, userIds: [later.senderId] });
  if (on && found && !found.userIds.includes(later.senderId)) found.userIds.push(later.senderId);
  amendment.reactions = others.filter((each) => each.userIds.length);
  return { ...entry, body: { ...body, amendment } };
}
