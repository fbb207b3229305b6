/**
 * What travels, read into records. The wire is the canonical JSON of proto/hongyan/v1: what is empty is left out, 64-bit
 * numbers are strings. A seq fits a JavaScript number; a message id does not, so it stays a string.
 */

/** @typedef {Record<string, any>} Json */

/**
 * @typedef {{kind: "message", content: Json} | {kind: "recalled", byUserId: string} | {kind: "recall", seq: number} |
 *   {kind: "group_created", name: string, memberIds: string[]} | {kind: "members_added", memberIds: string[]} |
 *   {kind: "members_removed", memberIds: string[]} | {kind: "member_left"} | {kind: "unknown"}} Body
 */

/**
 * @typedef {object} Entry
 * @property {string} conversationId
 * @property {number} seq
 * @property {string} messageId
 * @property {string} senderId
 * @property {string} clientMsgId
 * @property {number} timeMs
 * @property {number} countable
 * @property {Body} body
 */

/**
 * @typedef {object} Head
 * @property {string} conversationId
 * @property {number} seq
 * @property {number} countable
 * @property {number} readSeq
 * @property {number} deliveredSeq
 * @property {number} unread
 * @property {number} firstSeq
 * @property {Entry | null} preview
 * @property {string} name
 * @property {boolean} member
 */

/** @typedef {{conversationId: string, clientMsgId: string, seq: number, messageId: string, timeMs: number, countable: number}} Receipt */

/** @typedef {{entries: Entry[], more: boolean, restartSeq: number}} Page */

/** @typedef {{userId: string, readSeq: number, deliveredSeq: number}} Position */

/** @typedef {{code: number, name: string, message: string, retryAfterMs: number, permanent: boolean}} Failure a coded error */

/** @param {unknown} value  @returns {number} */
const number = (value) => Number(value ?? 0);

/** @param {Json} wire  @returns {Entry} */
export function readEntry(wire) {
  return {
    conversationId: wire.conversation_id ?? "",
    seq: number(wire.seq),
    messageId: String(wire.message_id ?? "0"),
    senderId: wire.sender_id ?? "",
    clientMsgId: wire.client_msg_id ?? "",
    timeMs: number(wire.time_ms),
    countable: number(wire.countable),
    body: readBody(wire),
  };
}

/** @param {Json} wire  @returns {Body} */
function readBody(wire) {
  if (wire.message) return { kind: "message", content: wire.message };
  if (wire.recalled) return { kind: "recalled", byUserId: wire.recalled.by_user_id ?? "" };
  if (wire.recall) return { kind: "recall", seq: number(wire.recall.seq) };
  const made = wire.group_created;
  if (made) return { kind: "group_created", name: made.name ?? "", memberIds: made.member_ids ?? [] };
  if (wire.members_added) return { kind: "members_added", memberIds: wire.members_added.member_ids ?? [] };
  if (wire.members_removed) return { kind: "members_removed", memberIds: wire.members_removed.member_ids ?? [] };
  if (wire.member_left) return { kind: "member_left" };
  // Made by a later version: it holds its place, and there is nothing to show.
  return { kind: "unknown" };
}

/** @param {Json} wire  @returns {Head} */
export function readHead(wire) {
  return {
    conversationId: wire.conversation_id ?? "",
    seq: number(wire.seq),
    countable: number(wire.countable),
    readSeq: number(wire.read_seq),
    deliveredSeq: number(wire.delivered_seq),
    unread: number(wire.unread),
    firstSeq: number(wire.first_seq),
    preview: wire.preview ? readEntry(wire.preview) : null,
    name: wire.name ?? "",
    member: wire.member === true,
  };
}

/** @param {Json} wire  @returns {Receipt} */
export function readReceipt(wire) {
  return {
    conversationId: wire.conversation_id ?? "",
    clientMsgId: wire.client_msg_id ?? "",
    seq: number(wire.seq),
    messageId: String(wire.message_id ?? "0"),
    timeMs: number(wire.time_ms),
    countable: number(wire.countable),
  };
}

/** @param {Json} wire  @returns {Page} */
export function readPage(wire) {
  return {
    entries: (wire.entries ?? []).map(readEntry),
    more: wire.more === true,
    restartSeq: number(wire.too_long_restart_seq),
  };
}

/** @param {Json} wire  @returns {Position[]} */
export function readPositions(wire) {
  return (wire.positions ?? []).map((/** @type {Json} */ row) => ({
    userId: row.user_id ?? "",
    readSeq: number(row.read_seq),
    deliveredSeq: number(row.delivered_seq),
  }));
}

/** @param {Json} error  @returns {Failure} */
export function readFailure(error) {
  return {
    code: number(error.code),
    name: String(error.name ?? ""),
    message: String(error.message ?? ""),
    retryAfterMs: number(error.retry_after_ms),
    permanent: error.permanent === true,
  };
}

const LONE_SURROGATE = /\p{Surrogate}/gu;

/**
 * Text that can be sent: half a character, as broken clipboards give it, is no text.
 * @param {string} text
 */
export const wellFormed = (text) => text.replace(LONE_SURROGATE, "\uFFFD");

/**
 * The conversation of two users.
 * @param {string} one
 * @param {string} other
 */
export const singleId = (one, other) => (one < other ? `s:${one}:${other}` : `s:${other}:${one}`);

/**
 * The other user of a single conversation, or "" when it is another kind.
 * @param {string} conversationId
 * @param {string} me
 */
export function peerOf(conversationId, me) {
  const [kind, low, high] = conversationId.split(":");
  return kind === "s" ? (low === me ? high : low) : "";
}

/** @param {string} conversationId */
export const isGroup = (conversationId) => conversationId.startsWith("g:");

/** A new id for a submission: 128 random bits. */
export function newClientMsgId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
