/** The whole screen: joins list, thread, composer and dialogs, shows the state of the connection, and redraws together. */

import { Client } from "./client.js";
import { Composer } from "./composer.js";
import { Dialogs } from "./dialogs.js";
import { avatar, byId } from "./dom.js";
import { List } from "./list.js";
import { t } from "./strings.js";
import { Thread } from "./thread.js";
import { nameOf } from "./words.js";

/** @typedef {import("./connection.js").State} State */

const REDRAW_AFTER_MS = 16;
const TOAST_MS = 5_000;

export class View {
  /**
   * @param {import("./session.js").Session} session
   * @param {() => Promise<string>} address the socket's URL
   * @param {(reason: string) => void} onEnded the log-in is over; the reason is a key of the table of strings
   */
  constructor(session, address, onEnded) {
    this._onEnded = onEnded;
    this._redraw = this._tick = this._toasting = 0;
    /** What changed since the last drawing. @type {Set<string>} */
    this._changed = new Set();
    this._client = new Client(session, address, {
      onState: (state) => this._showState(state),
      onChange: (id) => this._schedule(id),
      onArrived: (entries) => this._thread.announce(entries),
    });
    this._list = new List(this._client, (id) => this.open(id));
    this._thread = new Thread(this._client, (text) => this._toast(text));
    this._composer = new Composer(this._client, () => this._thread.toEnd());
    this._dialogs = new Dialogs(this._client, (id) => this.open(id));
    this._listen();
  }

  /** Shows the screen and connects. */
  start() {
    byId("my-name").textContent = this._client.me;
    byId("my-avatar").replaceChildren(avatar(this._client.me, false));
    byId("app").hidden = false;
    this._client.connection.open();
  }

  /** Closes the connection for good, at the user's wish. */
  stop() {
    this._client.end("ended_here");
  }

  /** Whether something is still to be sent. */
  get hasUnsent() {
    return this._client.outbox.waiting > 0;
  }

  /** @param {string} id "" goes back to the list */
  open(id) {
    const before = this._thread.id;
    byId("thread").hidden = !id;
    byId("nothing-open").hidden = Boolean(id);
    byId("app").classList.toggle("in-thread", Boolean(id));
    if (id) this._composer.open(id, nameOf(this._client.replica.ensure(id), this._client.me));
    this._thread.open(id);
    this._list.choose(id);
    if (id || !before) return;
    /** @type {HTMLElement | null} */ (document.querySelector(`#conversations [data-id="${CSS.escape(before)}"]`))?.focus();
  }

  _listen() {
    byId("back").addEventListener("click", () => this.open(""));
    byId("show-members").addEventListener("click", () => void this._dialogs.showMembers(this._thread.id));
    byId("try-now").addEventListener("click", () => this._tryNow());
    byId("thread").addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.isComposing) this.open("");
    });
    window.addEventListener("online", () => this._client.connection.check());
    window.addEventListener("offline", () => this._showState(this._client.connection.state));
    document.addEventListener("visibilitychange", () => document.hidden || this._client.connection.check());
  }

  /** Draws once for everything that a moment brings.  @param {string} id */
  _schedule(id) {
    this._changed.add(id);
    if (this._redraw) return;
    this._redraw = window.setTimeout(() => {
      this._redraw = 0;
      const changed = this._changed;
      this._changed = new Set();
      if (changed.has(this._thread.id)) this._thread.show();
      this._list.show();
      const unread = this._list.unread;
      document.title = unread ? `(${unread > 99 ? "99+" : unread}) ${t("app_name")}` : t("app_name");
    }, REDRAW_AFTER_MS);
  }

  /** @param {State} state */
  _showState(state) {
    clearTimeout(this._tick);
    const online = state.kind === "online";
    byId("my-state").textContent = t(state.kind === "waiting" || state.kind === "ended" ? "state_offline" : `state_${state.kind}`);
    byId("app").dataset.state = state.kind;
    byId("status").hidden = online || (state.kind === "connecting" && !this._client.isSynced);
    byId("status-text").textContent = this._stateText(state);
    byId("try-now").hidden = state.kind === "connecting" || online;
    if (state.kind === "waiting") this._tick = window.setTimeout(() => this._showState(state), 1_000);
    if (state.kind === "ended" && ["ended_log_in_again", "ended_logged_out"].includes(state.reason)) this._onEnded(state.reason);
    this._schedule(this._thread.id);
  }

  /** @param {State} state */
  _stateText(state) {
    if (state.kind === "ended") return t(state.reason);
    if (state.kind !== "waiting") return t(`state_${state.kind}`);
    if (!navigator.onLine) return t("state_no_network");
    const n = Math.ceil((state.retryAtMs - Date.now()) / 1000);
    return n > 1 ? t("state_waiting", { n }) : t("state_waiting_now");
  }

  _tryNow() {
    if (this._client.connection.state.kind === "ended") location.reload();
    else this._client.connection.open();
  }

  /** @param {string} text */
  _toast(text) {
    const toast = byId("toast");
    toast.textContent = text;
    toast.hidden = false;
    clearTimeout(this._toasting);
    this._toasting = window.setTimeout(() => (toast.hidden = true), TOAST_MS);
  }
}
