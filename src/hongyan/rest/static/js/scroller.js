/**
 * Where the reader is in a growing list: stays at the end when the reader is there, and on the same line when lines come
 * in above. Keeps the number of lines on the page bounded.
 */

import { byId } from "./dom.js";

const AT_END_PX = 60;
const NEAR_TOP_PX = 400;

export class Scroller {
  /**
   * @param {object} told
   * @param {() => void} told.onTop the reader comes near the first line
   * @param {() => void} told.onMoved
   */
  constructor(told) {
    this._box = byId("scroll");
    this._log = byId("log");
    this._told = told;
    this.atEnd = true;
    this._box.addEventListener("scroll", () => this._moved(), { passive: true });
    // The keyboard of a phone, a growing composer and late layout all move the end.
    const observer = new ResizeObserver(() => this.atEnd && this.toEnd());
    observer.observe(this._box);
    observer.observe(this._log);
  }

  /** Whether the first line is close. */
  get nearTop() {
    return this._box.scrollTop < NEAR_TOP_PX;
  }

  toEnd() {
    this.atEnd = true;
    this._box.scrollTop = this._box.scrollHeight;
  }

  /**
   * Changes the lines and keeps the reader's place.
   * @param {() => void} change
   */
  keeping(change) {
    const anchor = this.atEnd ? null : this._firstVisible();
    const before = anchor?.getBoundingClientRect().top ?? 0;
    change();
    if (this.atEnd) this.toEnd();
    else if (anchor) {
      const key = CSS.escape(anchor.getAttribute("data-key") ?? "");
      const now = anchor.isConnected ? anchor : this._log.querySelector(`[data-key="${key}"]`);
      if (now) this._box.scrollTop += now.getBoundingClientRect().top - before;
    }
  }

  _firstVisible() {
    const top = this._box.getBoundingClientRect().top;
    for (const line of this._log.children) if (line.getBoundingClientRect().bottom > top) return line;
    return null;
  }

  _moved() {
    const { scrollTop, scrollHeight, clientHeight } = this._box;
    this.atEnd = scrollHeight - scrollTop - clientHeight < AT_END_PX;
    if (this.nearTop) this._told.onTop();
    this._told.onMoved();
  }
}
