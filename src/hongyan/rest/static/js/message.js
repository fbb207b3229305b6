/** One line of a conversation as an element: a message with its bubble and marks, or a notice. */

import { avatar, el, icon } from "./dom.js";
import { explain, fullTime, listed, t, when } from "./strings.js";
import { contentText, personName } from "./words.js";

/** @typedef {import("./wire.js").Json} Json */
/** @typedef {import("./wire.js").Failure} Failure */

/**
 * @typedef {object} Line
 * @property {string} key
 * @property {number} seq 0 while it has no place in the order
 * @property {string} notice what to say when nobody wrote it; "" for a message
 * @property {string} senderId
 * @property {boolean} own
 * @property {boolean} named whether the sender's name stands above it
 * @property {number} timeMs
 * @property {boolean} showTime
 * @property {Json} content
 * @property {string} quote what it answers, or ""
 * @property {boolean} edited
 * @property {import("./wire.js").Reaction[]} reactions
 * @property {Mark} mark what became of an own message
 * @property {number} readers of an own message in a group
 * @property {Failure | null} failure
 * @property {boolean} recallable
 * @property {boolean} unfolded a long message that is shown whole
 */

/** @typedef {"" | "clock" | "sent" | "delivered" | "read"} Mark */

/**
 * @typedef {object} Actions
 * @property {(line: Line) => void} recall
 * @property {(line: Line, emoji: string, on: boolean) => void} react
 * @property {(line: Line) => void} again
 * @property {(line: Line) => void} discard
 * @property {(line: Line) => void} fold
 */

/** Beyond this a message is folded. */
const LONG_CHARACTERS = 1_500;
const LONG_LINES = 24;

/** What a line looks like: when it is the same, the element on the page stays. @param {Line} line */
export const lineSignature = (line) =>
  [
    line.notice, line.quote, line.showTime && when(line.timeMs, true), line.mark, line.readers, line.failure?.name, line.recallable, line.unfolded,
    line.edited && contentText(line.content), JSON.stringify(line.reactions),
  ].join("\n");

/** @param {Line} line  @param {Actions} actions  @param {string} me */
export function makeLine(line, actions, me) {
  const time = line.showTime && el("time", { class: "when", datetime: new Date(line.timeMs).toISOString() }, when(line.timeMs, true));
  if (line.notice) return el("li", { class: "line-notice" }, time, el("p", { dir: "auto" }, line.notice));
  const name = personName(line.senderId, me);
  return el(
    "li",
    { class: `line-message ${line.own ? "own" : "other"}${line.failure ? " failed" : ""}` },
    time,
    el(
      "div",
      { class: "row" },
      avatar(line.senderId, false),
      el(
        "div",
        { class: "stack" },
        el("span", { class: line.named ? "sender" : "for-readers" }, name),
        el("div", { class: "beside" }, bubble(line, actions), line.own && marks(line, actions)),
        line.reactions.length > 0 && reactions(line, actions, me),
        line.failure && failed(line, line.failure, actions),
      ),
    ),
  );
}

/** @param {Line} line  @param {Actions} actions */
function bubble(line, actions) {
  const text = contentText(line.content);
  const isText = Boolean(line.content.text);
  const long = text.length > LONG_CHARACTERS || text.split("\n", LONG_LINES + 1).length > LONG_LINES;
  const body = el("div", { class: `words${isText ? "" : " kind"}${long && !line.unfolded ? " folded" : ""}`, dir: "auto" }, ...linked(text));
  return el(
    "div",
    { class: "bubble", title: fullTime(line.timeMs) },
    line.quote && el("blockquote", { dir: "auto" }, line.quote),
    body,
    line.edited && el("span", { class: "edited" }, t("edited")),
    long && el("button", { type: "button", class: "link", "aria-expanded": line.unfolded ? "true" : "false", onclick: () => actions.fold(line) },
      t(line.unfolded ? "show_less" : "show_all")),
  );
}

const ADDRESS = /https?:\/\/[^\s<>"'`，。！？；：、（）《》【】“”‘’]+/gu;
const TRAILING = /[.,;:!?)\]}]+$/;

/**
 * Text with its web addresses as links.
 * @param {string} text
 * @returns {(string | HTMLAnchorElement)[]}
 */
export function linked(text) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = match[0].replace(TRAILING, "");
    if (!URL.canParse(address)) continue;
    parts.push(text.slice(from, match.index));
    parts.push(el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, address));
    from = match.index + address.length;
  }
  parts.push(text.slice(from));
  return parts;
}

/** @param {Line} line  @param {Actions} actions */
function marks(line, actions) {
  /** @type {Record<Mark, string>} */
  const says = { "": "", clock: t("waiting"), sent: t("sent"), delivered: t("delivered"), read: t("read") };
  const text = line.readers ? t("read_by", { n: line.readers }) : says[line.mark];
  const recall = line.recallable &&
    el("button", { type: "button", class: "link recall", "aria-label": t("recall_this"), onclick: () => actions.recall(line) }, t("recall"));
  if (line.readers) return el("span", { class: "marks" }, recall, el("span", { class: "mark read" }, text));
  const shape = line.mark === "read" ? "delivered" : line.mark;
  return el(
    "span",
    { class: "marks" },
    recall,
    line.mark !== "" && el("span", { class: `mark ${line.mark}`, title: text }, icon(shape), el("span", { class: "for-readers" }, text)),
  );
}

/** Who reacted with what; a click joins them, or leaves.  @param {Line} line  @param {Actions} actions  @param {string} me */
function reactions(line, actions, me) {
  return el(
    "div",
    { class: "reactions" },
    ...line.reactions.map(({ emoji, userIds }) => {
      const own = userIds.includes(me);
      const names = listed(userIds.map((userId) => personName(userId, me)));
      return el(
        "button",
        { type: "button", "aria-pressed": own ? "true" : "false", title: t("react_with", { emoji, names }), onclick: () => actions.react(line, emoji, !own) },
        `${emoji} ${userIds.length}`,
      );
    }),
  );
}

/** @param {Line} line  @param {Failure} failure  @param {Actions} actions */
function failed(line, failure, actions) {
  return el(
    "p",
    { class: "failure" },
    icon("alert"),
    t("not_sent", { reason: explain(failure) }),
    " ",
    el("button", { type: "button", class: "link", onclick: () => actions.again(line) }, t("try_again")),
    el("button", { type: "button", class: "link", onclick: () => actions.discard(line) }, t("discard")),
  );
}
