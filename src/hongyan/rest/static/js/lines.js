/** From a conversation's copy and what waits in the outbox to the lines on the screen. */

import { t } from "./strings.js";
import { isGroup, peerOf } from "./wire.js";
import { noticeText, personName } from "./words.js";

/** @typedef {import("./copy.js").Copy} Copy */
/** @typedef {import("./wire.js").Entry} Entry */
/** @typedef {import("./outbox.js").Pending} Pending */
/** @typedef {import("./message.js").Line} Line */
/** @typedef {import("./message.js").Mark} Mark */

/** The time is told again after such a pause. */
const PAUSE_MS = 5 * 60_000;
/** Servers allow two minutes unless they are told otherwise; one that allows less refuses. */
const RECALL_WITHIN_MS = 120_000;

/**
 * @typedef {object} Asked
 * @property {string} me
 * @property {number} from the first seq to show
 * @property {number} nowMs
 * @property {Set<string>} unfolded keys of long messages that are shown whole
 */

/**
 * @param {Copy} copy
 * @param {Pending[]} pending
 * @param {Asked} asked
 * @returns {Line[]}
 */
export function linesOf(copy, pending, asked) {
  /** @type {Line[]} */
  const lines = [];
  let lastMs = 0;
  /** @param {Line} line */
  const add = (line) => {
    line.showTime = line.timeMs - lastMs >= PAUSE_MS;
    lastMs = Math.max(lastMs, line.timeMs);
    lines.push(line);
  };
  for (let seq = Math.max(asked.from, copy.low); seq <= copy.high; seq++) {
    const entry = copy.entries.get(seq);
    const line = entry && entryLine(entry, copy, asked);
    if (line) add(line);
  }
  for (const item of pending) add(pendingLine(item, asked));
  return lines;
}

/** @param {Entry} entry  @param {Copy} copy  @param {Asked} asked  @returns {Line | null} */
function entryLine(entry, copy, asked) {
  const { body, senderId, timeMs, seq } = entry;
  const own = senderId === asked.me;
  const notice = noticeText(entry, asked.me);
  // The notice of a recall says nothing that the recalled message's place does not say.
  if (!notice && body.kind !== "message") return null;
  const group = isGroup(copy.id);
  // An own message keeps its key from the outbox to its place, so its element stays.
  const key = own && entry.clientMsgId ? entry.clientMsgId : `#${seq}`;
  return {
    key, seq, notice, senderId, own, timeMs, named: group && !own, showTime: false,
    content: body.kind === "message" ? body.content : {},
    quote: body.kind === "message" ? quoteText(copy, body.content, asked.me) : "",
    edited: body.kind === "message" && body.amendment.editSeq > 0,
    reactions: body.kind === "message" ? body.amendment.reactions : [],
    mark: own ? markOf(copy, seq, asked.me) : "",
    readers: own && group ? readersOf(copy, seq) : 0,
    failure: null,
    recallable: own && copy.member && asked.nowMs - timeMs < RECALL_WITHIN_MS,
    unfolded: asked.unfolded.has(key),
  };
}

/** @param {Copy} copy  @param {import("./wire.js").Json} content  @param {string} me */
function quoteText(copy, { quote }, me) {
  if (!quote) return "";
  if (copy.isRecalled(Number(quote.seq ?? 0))) return t("recalled_quote");
  return `${personName(quote.sender_id ?? "", me)}: ${quote.preview ?? ""}`;
}

/** @param {Pending} item  @param {Asked} asked  @returns {Line} */
function pendingLine(item, asked) {
  return {
    key: item.clientMsgId, seq: 0, notice: "", senderId: asked.me, own: true, timeMs: item.madeMs, named: false, showTime: false,
    content: item.command.message, quote: "", edited: false, reactions: [], mark: item.failure ? "" : item.seq ? "sent" : "clock", readers: 0, failure: item.failure,
    recallable: false, unfolded: asked.unfolded.has(item.clientMsgId),
  };
}

/** @param {Copy} copy  @param {number} seq  @param {string} me  @returns {Mark} */
function markOf(copy, seq, me) {
  const position = copy.positions.get(peerOf(copy.id, me));
  if (position && position.readSeq >= seq) return "read";
  return position && position.deliveredSeq >= seq ? "delivered" : "sent";
}

/** @param {Copy} copy  @param {number} seq */
function readersOf(copy, seq) {
  let readers = 0;
  for (const position of copy.positions.values()) if (position.readSeq >= seq) readers++;
  return readers;
}
