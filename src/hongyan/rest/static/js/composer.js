/** Where messages are written. Drafts stay with their conversation until the page is closed. */

import { byId } from "./dom.js";
import { t } from "./strings.js";
import { wellFormed } from "./wire.js";

/** Room for what surrounds the text in a content, and in a packet. */
const AROUND_TEXT_BYTES = 64;
const AROUND_FRAME_BYTES = 1_024;
const ENCODER = new TextEncoder();

/** @param {string} text */
const sizeOf = (text) => ENCODER.encode(text).length;

export class Composer {
  /**
   * @param {import("./client.js").Client} client
   * @param {() => void} onSent
   */
  constructor(client, onSent) {
    this._client = client;
    this._onSent = onSent;
    this._id = "";
    /** @type {Map<string, string>} */
    this._drafts = new Map();
    this._form = byId("composer", HTMLFormElement);
    this._text = byId("text", HTMLTextAreaElement);
    this._error = byId("composer-error");
    this._text.addEventListener("input", () => this._typed());
    this._text.addEventListener("keydown", (event) => this._key(event));
    this._form.addEventListener("submit", (event) => {
      event.preventDefault();
      this._send();
    });
  }

  /**
   * @param {string} id
   * @param {string} name
   */
  open(id, name) {
    if (this._id) this._drafts.set(this._id, this._text.value);
    this._id = id;
    this._text.value = this._drafts.get(id) ?? "";
    this._text.placeholder = t("message");
    this._text.setAttribute("aria-label", t("message_to", { name }));
    this._error.textContent = "";
    this._fit();
    // On a phone this would throw up the keyboard before anybody wants to write.
    if (matchMedia("(hover: hover) and (pointer: fine)").matches) this._text.focus();
  }

  _typed() {
    this._error.textContent = "";
    this._fit();
    if (this._text.value.trim()) this._client.sayTyping(this._id);
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    // While a word is being composed, Enter ends the word. Safari says so by the key code alone.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this._send();
  }

  _send() {
    const text = wellFormed(this._text.value).trim();
    if (!text) return;
    const tooLong = this._tooLong(text);
    if (tooLong) {
      this._error.textContent = tooLong;
      return;
    }
    this._text.value = "";
    this._drafts.delete(this._id);
    this._fit();
    this._client.sendText(this._id, text);
    this._onSent();
    this._text.focus();
  }

  /** What to say of a text that the server would refuse; "" of all others.  @param {string} text */
  _tooLong(text) {
    const kilobytes = (/** @type {number} */ bytes) => (bytes / 1024).toFixed(1);
    const bounds = [
      [sizeOf(text), this._client.contentBytes - AROUND_TEXT_BYTES],
      // On the wire it is longer: line breaks, quotes and the like are escaped.
      [sizeOf(JSON.stringify(text)), this._client.packetBytes - AROUND_FRAME_BYTES],
    ];
    const over = bounds.find(([sizeBytes, limitBytes]) => sizeBytes > limitBytes);
    return over ? t("too_long", { size: kilobytes(over[0]), limit: kilobytes(over[1]) }) : "";
  }

  /** As high as its text, up to what the style sheet allows. */
  _fit() {
    this._text.style.height = "auto";
    this._text.style.height = `${this._text.scrollHeight}px`;
  }
}
