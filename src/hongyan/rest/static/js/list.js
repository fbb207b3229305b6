/** The list of conversations: what is in it, in which order, and how keys move through it. */

import { avatar, byId, el, reconcile } from "./dom.js";
import { t, when } from "./strings.js";
import { isGroup } from "./wire.js";
import { nameOf, previewText } from "./words.js";

/** @typedef {import("./copy.js").Copy} Copy */
/** @typedef {{copy: Copy, name: string, preview: string, time: string, current: boolean}} Row */

export class List {
  /**
   * @param {import("./client.js").Client} client
   * @param {(conversationId: string) => void} onOpen
   */
  constructor(client, onOpen) {
    this._client = client;
    this._onOpen = onOpen;
    this._current = "";
    /** When conversations without an entry were begun here. @type {Map<string, number>} */
    this._begunMs = new Map();
    this._list = byId("conversations");
    this._empty = byId("no-conversations");
    this._find = byId("find", HTMLInputElement);
    this._find.addEventListener("input", () => this.show());
    this._list.addEventListener("keydown", (event) => this._move(event));
  }

  /** @param {string} id the conversation that is open; "" for none */
  choose(id) {
    this._current = id;
    if (id && !this._client.replica.copies.get(id)?.head) this._begunMs.set(id, Date.now());
    this.show();
  }

  /** How many messages wait to be read. */
  get unread() {
    let unread = 0;
    for (const copy of this._client.replica.copies.values()) unread += copy.unread;
    return unread;
  }

  show() {
    const wanted = this._find.value.trim().toLowerCase();
    const rows = this._rows().filter((row) => row.name.toLowerCase().includes(wanted));
    reconcile(this._list, rows, (row) => row.copy.id, signature, (row) => this._make(row));
    this._empty.hidden = rows.length > 0 || !this._client.isSynced;
    this._empty.textContent = t(wanted ? "nothing_found" : "no_conversations");
    this._rove();
  }

  /** @returns {Row[]} */
  _rows() {
    const { me, replica } = this._client;
    const activeMs = (/** @type {Copy} */ copy) => Math.max(copy.preview?.timeMs ?? 0, this._begunMs.get(copy.id) ?? 0);
    return [...replica.copies.values()]
      .filter((copy) => copy.head || this._begunMs.has(copy.id))
      .sort((a, b) => activeMs(b) - activeMs(a))
      .map((copy) => ({
        copy,
        name: nameOf(copy, me),
        preview: copy.preview ? previewText(copy.preview, me) : "",
        time: copy.preview ? when(copy.preview.timeMs, false) : "",
        current: copy.id === this._current,
      }));
  }

  /** @param {Row} row */
  _make({ copy, name, preview, time, current }) {
    const unread = copy.unread;
    const badge = unread > 0 && [
      el("span", { class: "badge", "aria-hidden": "true" }, unread > 99 ? "99+" : String(unread)),
      el("span", { class: "for-readers" }, t("unread", { n: unread })),
    ];
    const button = el(
      "button",
      { type: "button", class: "conversation", "data-id": copy.id, onclick: () => this._onOpen(copy.id) },
      avatar(name, isGroup(copy.id)),
      el(
        "span",
        { class: "summary" },
        el("span", { class: "line" }, el("strong", { dir: "auto" }, name), el("small", {}, time)),
        el("span", { class: "line" }, el("span", { class: "preview", dir: "auto" }, preview), ...(badge || [])),
      ),
    );
    if (current) button.setAttribute("aria-current", "true");
    return el("li", {}, button);
  }

  /** One stop for the Tab key: arrows move inside. */
  _rove() {
    const buttons = this._buttons;
    const stop = buttons.find((button) => button === document.activeElement) ??
      buttons.find((button) => button.hasAttribute("aria-current")) ?? buttons[0];
    for (const button of buttons) button.tabIndex = button === stop ? 0 : -1;
  }

  /** @returns {HTMLButtonElement[]} */
  get _buttons() {
    return [...this._list.querySelectorAll("button")];
  }

  /** @param {KeyboardEvent} event */
  _move(event) {
    const buttons = this._buttons;
    const index = buttons.findIndex((button) => button === document.activeElement);
    const last = buttons.length - 1;
    const target = { ArrowDown: Math.min(index + 1, last), ArrowUp: Math.max(index - 1, 0), Home: 0, End: last }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    buttons[target]?.focus();
    this._rove();
  }
}

/** @param {Row} row */
const signature = ({ copy, name, preview, time, current }) =>
  [name, time, copy.unread, current, copy.preview?.seq, preview].join("\n");
