/**
 * The socket: opened, kept, opened again. Knows packets, requests and their replies; nothing of conversations.
 *
 * A reply is handed to its callback in the order of the packet, and `onPacketEnd` follows: only then may anybody judge
 * what is missing.
 */

import { fullJitterMs } from "./backoff.js";
import { CloseCode, isResumable } from "./codes.js";
import { readFailure } from "./wire.js";

/** @typedef {import("./wire.js").Json} Json */
/** @typedef {import("./wire.js").Failure} Failure */

/**
 * `waiting` until `retryAtMs`, then again; `ended` for good, with the reason: a key of the table of strings.
 * @typedef {{kind: "connecting"} | {kind: "online"} | {kind: "waiting", retryAtMs: number} | {kind: "ended", reason: string}} State
 */

/**
 * @typedef {object} Hooks
 * @property {() => Promise<string>} address the socket's URL
 * @property {(renew: boolean) => Promise<string>} token an access token; `renew`: the last one was refused. Rejects with SessionEnded
 * @property {() => string} cursor where the last sync ended
 * @property {(state: State) => void} onState
 * @property {(connected: Json) => void} onConnected
 * @property {(frame: Json) => void} onPush
 * @property {() => void} onPacketEnd
 */

/** The log-in is over: only a person can begin another. */
export class SessionEnded extends Error {}

/** @type {Failure} Given to requests whose connection broke: what became of them is not known. */
const LOST = { code: 0, name: "connection_lost", message: "", retryAfterMs: 0, permanent: false };

const SUBPROTOCOL = "hongyan.v1+json";
const CLIENT = "hongyan-page/1";
const OPEN_WITHIN_MS = 15_000;
const LASTING_MS = 30_000;

/** Why it ended, for people, by close code. @type {Record<number, string>} */
const ENDED = {
  [CloseCode.NotAuthenticated]: "ended_log_in_again",
  [CloseCode.LoggedOut]: "ended_logged_out",
  [CloseCode.Replaced]: "ended_replaced",
};

export class Connection {
  /** @param {Hooks} hooks */
  constructor(hooks) {
    this._hooks = hooks;
    /** @type {WebSocket | null} */
    this._socket = null;
    /** @type {Map<number, (event: Json | null, failure: Failure | null) => void>} */
    this._requests = new Map();
    this._lastId = 0;
    this._attempts = 0;
    this._refused = 0;
    this._heartbeatMs = 30_000;
    this._heardMs = this._saidMs = 0;
    /** When to leave, because the server is about to close; 0: it did not say so. */
    this._leaveAtMs = 0;
    this._timer = this._pulse = this._proof = 0;
    /** @type {State} */
    this.state = { kind: "waiting", retryAtMs: 0 };
  }

  /** Connects now, unless it is connected or on the way. */
  open() {
    if (this.state.kind === "online" || this.state.kind === "connecting") return;
    clearTimeout(this._timer);
    void this._connect();
  }

  /**
   * Closes for good.
   * @param {string} reason a key of the table of strings
   */
  end(reason) {
    this._set({ kind: "ended", reason });
    this._abandon();
    clearTimeout(this._timer);
  }

  /** Makes sure that the other side is still there, after the machine slept or the network changed. */
  check() {
    if (this.state.kind === "waiting") this.open();
    else if (this.state.kind === "online" && this._heardMs + 5_000 < Date.now()) {
      const asked = Date.now();
      this.cast({ ping: {} }, 0);
      const socket = this._socket;
      setTimeout(() => socket === this._socket && this._heardMs < asked && this._lost(), 4_000);
    }
  }

  /**
   * Sends a command that wants an answer; `done` gets the event or why there is none, exactly once.
   * @param {Json} command
   * @param {(event: Json | null, failure: Failure | null) => void} done
   */
  request(command, done) {
    if (this.state.kind !== "online") return done(null, LOST);
    const id = this._nextId();
    this._requests.set(id, done);
    this.cast(command, id);
  }

  /**
   * Sends a command; with id 0 nobody answers.
   * @param {Json} command
   * @param {number} [id]
   */
  cast(command, id = 0) {
    if (this._socket?.readyState !== WebSocket.OPEN) return;
    this._saidMs = Date.now();
    this._socket.send(JSON.stringify({ frames: [{ id, ...command }] }));
  }

  async _connect() {
    this._set({ kind: "connecting" });
    try {
      const token = await this._hooks.token(this._refused > 0);
      const address = await this._hooks.address();
      if (this.state.kind !== "connecting") return;
      this._listen(new WebSocket(address, [SUBPROTOCOL]), token);
    } catch (error) {
      if (error instanceof SessionEnded) this.end("ended_log_in_again");
      else this._wait();
    }
  }

  /**
   * @param {WebSocket} socket
   * @param {string} token
   */
  _listen(socket, token) {
    this._socket = socket;
    // Whatever a socket says after it was abandoned is no news.
    const current = () => socket === this._socket;
    this._timer = window.setTimeout(() => current() && this._lost(), OPEN_WITHIN_MS);
    socket.onopen = () => {
      if (!current()) return;
      const id = this._nextId();
      this._requests.set(id, (event) => event?.connected && this._online(event.connected));
      this.cast({ connect: { token, client: CLIENT, cursor: this._hooks.cursor() } }, id);
    };
    socket.onmessage = ({ data }) => current() && this._receive(data);
    socket.onclose = ({ code }) => current() && this._closed(code);
  }

  /** @param {Json} connected */
  _online(connected) {
    clearTimeout(this._timer);
    this._refused = 0;
    // Only a connection that lasts proves that the trouble is over.
    this._proof = window.setTimeout(() => (this._attempts = 0), LASTING_MS);
    this._heartbeatMs = Number(connected.heartbeat_ms ?? this._heartbeatMs);
    this._pulse = window.setInterval(() => this._beat(), Math.max(1_000, this._heartbeatMs / 4));
    this._set({ kind: "online" });
    this._hooks.onConnected(connected);
  }

  _beat() {
    const now = Date.now();
    if (now - this._heardMs > 2 * this._heartbeatMs) this._lost();
    // A beat early, since it may only be seen on the next one that it is due.
    else if (now - this._saidMs > this._heartbeatMs / 2) this.cast({ ping: {} }, this._nextId());
  }

  /** @param {string} data */
  _receive(data) {
    this._heardMs = Date.now();
    for (const frame of JSON.parse(data).frames ?? []) this._take(frame);
    this._hooks.onPacketEnd();
  }

  /** @param {Json} frame */
  _take(frame) {
    const done = this._requests.get(frame.reply_to ?? 0);
    if (done) {
      this._requests.delete(frame.reply_to);
      if (frame.error) done(null, readFailure(frame.error));
      else done(frame, null);
    } else if (frame.go_away) {
      this._leave(Math.random() * Number(frame.go_away.retry_within_ms ?? 0));
    } else if (!frame.reply_to) {
      this._hooks.onPush(frame);
    }
  }

  /** The server is about to close: leaves after a random delay, as everybody else does.  @param {number} delayMs */
  _leave(delayMs) {
    this._leaveAtMs = Date.now() + delayMs;
    const socket = this._socket;
    setTimeout(() => socket === this._socket && this._lost(), delayMs);
  }

  /** @param {number} code */
  _closed(code) {
    if (code === CloseCode.NotAuthenticated && this._refused++ < 1) {
      // The token may have run out on the way: a new one is worth one more try.
      this._abandon();
      void this._connect();
    } else if (code >= 4000 && code < 5000 && !isResumable(code)) {
      this.end(ENDED[code] ?? "ended_protocol");
    } else {
      this._lost();
    }
  }

  _lost() {
    this._wait();
    this._abandon();
  }

  _wait() {
    const delayMs = this._leaveAtMs ? Math.max(0, this._leaveAtMs - Date.now()) : fullJitterMs(this._attempts++);
    this._leaveAtMs = 0;
    clearTimeout(this._timer);
    this._timer = window.setTimeout(() => void this._connect(), delayMs);
    this._set({ kind: "waiting", retryAtMs: Date.now() + delayMs });
  }

  /** Lets go of the socket and of whoever waits for a reply. */
  _abandon() {
    const socket = this._socket;
    this._socket = null;
    clearInterval(this._pulse);
    clearTimeout(this._proof);
    socket?.close();
    const waiting = [...this._requests.values()];
    this._requests.clear();
    for (const done of waiting) done(null, LOST);
  }

  _nextId() {
    this._lastId = (this._lastId % 0xffff_ffff) + 1;
    return this._lastId;
  }

  /** @param {State} state */
  _set(state) {
    this.state = state;
    this._hooks.onState(state);
  }
}
