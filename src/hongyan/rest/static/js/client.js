/**
 * The client behind the page: joins the connection, the copies and the outbox, and tells the view what changed. It
 * keeps the rules of proto/client.md; the view asks and commands it by the methods here and sees no frame.
 */

import { Connection } from "./connection.js";
import { Intake } from "./intake.js";
import { Outbox } from "./outbox.js";
import { Replica } from "./replica.js";
import { Typing } from "./typing.js";
import { newClientMsgId, readReceipt } from "./wire.js";

/** @typedef {import("./wire.js").Json} Json */
/** @typedef {import("./wire.js").Entry} Entry */
/** @typedef {import("./wire.js").Failure} Failure */
/** @typedef {import("./connection.js").State} State */
/** @typedef {import("./outbox.js").Pending} Pending */

/**
 * @typedef {object} Listener
 * @property {(state: State) => void} onState
 * @property {(conversationId: string) => void} onChange something of this conversation is to be shown anew
 * @property {(entries: Entry[]) => void} onArrived entries by others that came while this page was there
 */

/** @typedef {{userId: string, role: string}} Member */

/** A page of history on the screen at least, where there is so much. */
const FEW_ENTRIES = 30;
const MOST_FLYING = 64;
const LOOK_FOR_OVERDUE_EVERY_MS = 5_000;

export class Client {
  /**
   * @param {import("./session.js").Session} session
   * @param {() => Promise<string>} address the socket's URL
   * @param {Listener} listener
   */
  constructor(session, address, listener) {
    this.me = session.userId;
    /** How large a message's content, and a packet with all that surrounds it, may be. */
    this.contentBytes = 131_072;
    this.packetBytes = 262_144;
    this.replica = new Replica(this.me);
    this.outbox = new Outbox();
    this.typing = new Typing((id) => listener.onChange(id));
    this.connection = new Connection({
      address,
      token: (renew) => session.token(renew),
      cursor: () => this._intake.cursor,
      onState: (state) => this._changeState(state),
      onConnected: (connected) => this._begin(connected),
      onPush: (frame) => this._intake.take(frame),
      onPacketEnd: () => this._intake.settle(),
    });
    this._intake = new Intake(this.replica, this.connection, {
      onSettled: (changed, added) => this._settled(changed, added),
      onTyping: (id, userId) => this.typing.heard(id, userId),
    });
    this._listener = listener;
    this._flyingLimit = MOST_FLYING;
    /** Who waits for a command. @type {Map<string, {resolve: (id: string) => void, reject: (failure: Failure) => void}>} */
    this._waiters = new Map();
    this._flushing = 0;
    this._overdue = setInterval(() => (this.outbox.landOverdue(Date.now()), this._flush()), LOOK_FOR_OVERDUE_EVERY_MS);
  }

  get isOnline() {
    return this.connection.state.kind === "online";
  }

  /** Whether the list of conversations is known. */
  get isSynced() {
    return this._intake.synced;
  }

  /** The user looks at a conversation: what is on its first screen is fetched.  @param {string} id */
  look(id) {
    const copy = this.replica.ensure(id);
    if (copy.high - copy.low + 1 < FEW_ENTRIES) this._intake.loadOlder(id);
    if (copy.member && copy.head) this._intake.loadPositions(id);
  }

  /** @param {string} id */
  loadOlder(id) {
    this._intake.loadOlder(id);
  }

  /** Whether an older page is on its way.  @param {string} id */
  isLoading(id) {
    return this._intake.isLoading(id);
  }

  /** @param {string} id  @param {number} seq */
  markRead(id, seq) {
    if (seq <= this.replica.ensure(id).readSeq) return;
    this.replica.markRead(id, seq);
    this._intake.settle();
  }

  /** @param {string} id  @param {string} text */
  sendText(id, text) {
    this.typing.said(id);
    this._submit(id, { message: { text: { text } } });
  }

  /** A refused message, once more: under a new id, since the old one has its answer.  @param {Pending} item */
  sendAgain(item) {
    this.outbox.drop(item.clientMsgId);
    this._submit(item.conversationId, item.command);
  }

  /** @param {Pending} item */
  discard(item) {
    this.outbox.drop(item.clientMsgId);
    this._listener.onChange(item.conversationId);
  }

  /**
   * Submits anything but a message; gives the conversation's id once it is done. Rejects with the Failure.
   * @param {string} id
   * @param {Json} command
   * @returns {Promise<string>}
   */
  command(id, command) {
    return new Promise((resolve, reject) => {
      const clientMsgId = newClientMsgId();
      this._waiters.set(clientMsgId, { resolve, reject });
      this._submit(id, command, clientMsgId);
    });
  }

  /** Who is in a group. Rejects with the Failure.  @param {string} id  @returns {Promise<Member[]>} */
  async members(id) {
    /** @type {Member[]} */
    const members = [];
    for (let cursor = "", more = true; more; ) {
      const { member_page: page } = await this._asked({ get_members: { conversation_id: id, cursor } });
      for (const row of page.members ?? []) members.push({ userId: row.user_id, role: row.role });
      cursor = page.cursor ?? "";
      more = page.more === true;
    }
    return members;
  }

  /** @param {string} id */
  sayTyping(id) {
    if (this.typing.shouldSay(id, Date.now())) this.connection.cast({ signal: { conversation_id: id, kind: "typing" } });
  }

  /** @param {string} reason */
  end(reason) {
    clearInterval(this._overdue);
    clearTimeout(this._flushing);
    this.typing.clear();
    this.connection.end(reason);
  }

  /** @param {State} state */
  _changeState(state) {
    if (state.kind !== "online") {
      this.outbox.land();
      this._intake.lost();
    }
    this._listener.onState(state);
  }

  /** @param {Json} connected */
  _begin(connected) {
    const { content_bytes: contentBytes, packet_bytes: packetBytes, pending_submissions: pending } = connected.limits ?? {};
    this.contentBytes = Number(contentBytes ?? this.contentBytes);
    this.packetBytes = Number(packetBytes ?? this.packetBytes);
    this._flyingLimit = Math.min(MOST_FLYING, Number(pending ?? MOST_FLYING));
    this._intake.takeSync(connected.sync_page ?? {});
    this._flush();
  }

  /** @param {Set<string>} changed  @param {Entry[]} added */
  _settled(changed, added) {
    for (const entry of added) {
      this.typing.stopped(entry.conversationId, entry.senderId);
      // It stands in the order, so it arrived, whatever became of the receipt.
      if (entry.senderId === this.me) this.outbox.seen(entry.clientMsgId);
    }
    for (const id of changed) this._listener.onChange(id);
    const arrived = added.filter((entry) => entry.senderId !== this.me);
    if (this.isSynced && arrived.length) this._listener.onArrived(arrived);
    this._flush();
  }

  /** @param {string} id  @param {Json} command  @param {string} [clientMsgId] */
  _submit(id, command, clientMsgId = newClientMsgId()) {
    this.outbox.put(id, clientMsgId, command, Date.now());
    this._flush();
    this._listener.onChange(id);
  }

  _flush() {
    if (!this.isOnline) return;
    for (const item of this.outbox.take(Date.now(), this._flyingLimit)) {
      const submit = this.outbox.frame(item);
      this.connection.request({ submit }, (event, failure) => this._answered(item, event, failure));
    }
  }

  /**
   * A receipt, a refusal, or the end of the connection: then the item goes out again on the next one.
   * @param {Pending} item
   * @param {Json | null} event
   * @param {Failure | null} failure
   */
  _answered(item, event, failure) {
    const waiter = this._waiters.get(item.clientMsgId);
    if (event) {
      const receipt = readReceipt(event.receipt ?? {});
      this.outbox.finish(item, receipt.seq);
      this.replica.takeReceipt(receipt, item.command.message ?? null);
      waiter?.resolve(receipt.conversationId);
    } else if (failure?.permanent) {
      this.outbox.refuse(item, failure);
      waiter?.reject(failure);
    } else if (failure?.code) {
      const restMs = this.outbox.rest(item, Date.now(), failure.retryAfterMs);
      this._flushing = window.setTimeout(() => this._flush(), restMs + 10);
    }
    if (event || failure?.permanent) this._waiters.delete(item.clientMsgId);
    this._listener.onChange(item.conversationId);
  }

  /** @param {Json} command  @returns {Promise<Json>} */
  _asked(command) {
    return new Promise((resolve, reject) => {
      this.connection.request(command, (event, failure) => (event ? resolve(event) : reject(failure)));
    });
  }
}
