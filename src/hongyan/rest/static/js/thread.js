/** The open conversation: its header, its lines, and how far the reader has come. */

import { byId, reconcile } from "./dom.js";
import { linesOf } from "./lines.js";
import { lineSignature, makeLine } from "./message.js";
import { Scroller } from "./scroller.js";
import { explain, t } from "./strings.js";
import { isGroup } from "./wire.js";
import { nameOf, previewText } from "./words.js";

/** @typedef {import("./client.js").Client} Client */
/** @typedef {import("./wire.js").Entry} Entry */
/** @typedef {import("./wire.js").Failure} Failure */
/** @typedef {import("./message.js").Line} Line */

/** Entries on the page to begin with, how many more at a time, and how many before the oldest ones go again. */
const FIRST_ENTRIES = 80;
const MORE_ENTRIES = 60;
const MOST_ENTRIES = 400;
/** Marks of time and the chance to recall change by themselves. */
const REFRESH_EVERY_MS = 20_000;

export class Thread {
  /**
   * @param {Client} client
   * @param {(text: string) => void} say tells the user something in passing
   */
  constructor(client, say) {
    this.id = "";
    this._client = client;
    this._say = say;
    this._from = 1;
    this._seenHigh = 0;
    /** @type {Set<string>} */
    this._unfolded = new Set();
    this._log = byId("log");
    this._toNewest = byId("to-newest");
    this._scroller = new Scroller({ onTop: () => this._older(), onMoved: () => this._moved() });
    this._toNewest.addEventListener("click", () => (this._scroller.toEnd(), this.show()));
    window.addEventListener("focus", () => this._markRead());
    document.addEventListener("visibilitychange", () => this._markRead());
    setInterval(() => this.show(), REFRESH_EVERY_MS);
  }

  /** @param {string} id "" closes */
  open(id) {
    this.id = id;
    this._unfolded.clear();
    this._log.replaceChildren();
    this._scroller.atEnd = true;
    if (!id) return;
    const copy = this._client.replica.ensure(id);
    this._from = copy.high - FIRST_ENTRIES + 1;
    this._seenHigh = copy.high;
    this.show();
    this._scroller.toEnd();
  }

  show() {
    if (!this.id) return;
    const { client, copy } = this._now();
    client.look(this.id);
    this._bound(copy.high);
    const asked = { me: client.me, from: this._from, nowMs: Date.now(), unfolded: this._unfolded };
    const lines = linesOf(copy, client.outbox.below(this.id, copy.high), asked);
    this._scroller.keeping(() => {
      reconcile(this._log, lines, (line) => line.key, lineSignature, (line) => makeLine(line, this._actions, client.me));
      byId("older").textContent = this._olderText(copy);
    });
    this._header();
    if (this._scroller.nearTop) this._older();
    this._moved();
  }

  /**
   * What came in, for those who listen to the page.
   * @param {Entry[]} entries
   */
  announce(entries) {
    const mine = entries.filter((entry) => entry.conversationId === this.id && !["recall", "delete", "edit", "reaction"].includes(entry.body.kind));
    const texts = mine.slice(-3).map((entry) => {
      const text = previewText(entry, this._client.me);
      return entry.body.kind === "message" && !isGroup(this.id) ? `${entry.senderId}: ${text}` : text;
    });
    if (texts.length) byId("announcer").textContent = texts.join("\n");
  }

  /** The user sent something: the end is where they want to be. */
  toEnd() {
    this._scroller.toEnd();
  }

  _now() {
    return { client: this._client, copy: this._client.replica.ensure(this.id) };
  }

  _header() {
    const { client, copy } = this._now();
    byId("thread-name").textContent = nameOf(copy, client.me);
    const typing = client.typing.who(this.id);
    let note = "";
    if (typing.length === 1) note = isGroup(this.id) ? t("typing_one", { name: typing[0] }) : t("typing_peer");
    else if (typing.length) note = t("typing_some", { n: typing.length });
    byId("thread-note").textContent = note;
    byId("show-members").hidden = !isGroup(this.id) || !copy.member;
    const open = copy.member && !this.id.startsWith("n:");
    byId("composer").hidden = !open;
    const closed = byId("closed");
    closed.hidden = open;
    closed.textContent = open ? "" : t(copy.member ? "no_replies" : "not_member");
  }

  /** @param {import("./copy.js").Copy} copy */
  _olderText(copy) {
    if (this._client.isLoading(this.id)) return t("loading_older");
    return copy.isWhole && this._from <= copy.low && copy.high >= copy.low ? t("beginning") : "";
  }

  /** Older lines: those at hand first, then those of the server. */
  _older() {
    const { client, copy } = this._now();
    if (this._from > copy.low) {
      this._from = Math.max(copy.low, this._from - MORE_ENTRIES);
      setTimeout(() => this.show());
    } else if (!copy.isWhole) {
      this._from = Math.min(this._from, copy.low - MORE_ENTRIES);
      client.loadOlder(this.id);
    }
  }

  /** @param {number} high the last seq */
  _bound(high) {
    if (this._scroller.atEnd && high - this._from > MOST_ENTRIES) this._from = high - FIRST_ENTRIES + 1;
  }

  _moved() {
    if (!this.id) return;
    const { copy } = this._now();
    if (this._scroller.atEnd) this._seenHigh = copy.high;
    const missed = copy.high - this._seenHigh;
    this._toNewest.hidden = this._scroller.atEnd;
    byId("to-newest-text").textContent = missed > 0 ? t("n_new", { n: missed }) : "";
    this._toNewest.setAttribute("aria-label", missed > 0 ? t("n_new", { n: missed }) : t("to_newest"));
    this._markRead();
  }

  /** Read is what was on the screen of somebody who looked. */
  _markRead() {
    if (!this.id || !this._scroller.atEnd || document.hidden || !document.hasFocus()) return;
    const { client, copy } = this._now();
    if (copy.high > copy.readSeq) client.markRead(this.id, copy.high);
  }

  /** @type {import("./message.js").Actions} */
  get _actions() {
    const { client, id } = { client: this._client, id: this.id };
    const withItem = (/** @type {Line} */ line, /** @type {(item: import("./outbox.js").Pending) => void} */ act) => {
      const item = client.outbox.get(line.key);
      if (item) act(item);
    };
    return {
      recall: (line) => {
        const refused = (/** @type {Failure} */ failure) => this._say(explain(failure));
        client.command(id, { recall: { seq: String(line.seq) } }).catch(refused);
      },
      react: (line, emoji, on) => {
        const refused = (/** @type {Failure} */ failure) => this._say(explain(failure));
        client.command(id, { react: { seq: String(line.seq), emoji, on } }).catch(refused);
      },
      again: (line) => withItem(line, (item) => client.sendAgain(item)),
      discard: (line) => withItem(line, (item) => client.discard(item)),
      fold: (line) => {
        if (!this._unfolded.delete(line.key)) this._unfolded.add(line.key);
        this._scroller.atEnd = false;
        this.show();
      },
    };
  }
}
