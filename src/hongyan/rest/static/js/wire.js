/**
 * What travels, read into records. The wire is the canonical JSON of proto/hongyan/v1: what is empty is left out, 64-bit
 * numbers are strings. A seq fits a JavaScript number; a message id does not, so it stays a string.
 */

/** @typedef {Record<string, any>} Json */

/** @typedef {{emoji: string, userIds: string[]}} Reaction */

/**
 * What happened to a message since it was sent: all that entries up to `amendedSeq` told.
 * @typedef {{editSeq: number, reactions: Reaction[], amendedSeq: number}} Amendment
 */

/**
 * @typedef {{kind: "message", content: Json, amendment: Amendment} | {kind: "recalled", byUserId: string} | {kind: "recall", seq: number} |
 *   {kind: "deleted", byUserId: string} | {kind: "delete", seq: number} | {kind: "edit", seq: number, content: Json | null} |
 *   {kind: "reaction", seq: number, emoji: string, on: boolean} | {kind: "pin", seq: number, on: boolean} |
 *   {kind: "befriended"} | {kind: "told", what: string, userId: string, text: string} |
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
  if (wire.message) return { kind: "message", content: wire.message, amendment: readAmendment(wire.amendment ?? {}) };
  if (wire.recalled) return { kind: "recalled", byUserId: wire.recalled.by_user_id ?? "" };
  if (wire.recall) return { kind: "recall", seq: number(wire.recall.seq) };
  const made = wire.group_created;
  if (made) return { kind: "group_created", name: made.name ?? "", memberIds: made.member_ids ?? [] };
  if (wire.members_added) return { kind: "members_added", memberIds: wire.members_added.member_ids ?? [] };
  if (wire.members_removed) return { kind: "members_removed", memberIds: wire.members_removed.member_ids ?? [] };
  if (wire.member_left) return { kind: "member_left" };
  return readChange(wire) ?? readSetting(wire);
}

/** Of a message as it was said. @type {Amendment} */
export const UNAMENDED = Object.freeze({ editSeq: 0, reactions: [], amendedSeq: 0 });

/** @param {Json} wire  @returns {Amendment} */
const readAmendment = (wire) => ({
  editSeq: number(wire.edit_seq),
  reactions: (wire.reactions ?? []).map((/** @type {Json} */ row) => ({ emoji: row.emoji ?? "", userIds: row.user_ids ?? [] })),
  amendedSeq: number(wire.amended_seq),
});

/** What happened to a message.  @param {Json} wire  @returns {Body | null} */
function readChange(wire) {
  if (wire.deleted) return { kind: "deleted", byUserId: wire.deleted.by_user_id ?? "" };
  if (wire.delete) return { kind: "delete", seq: number(wire.delete.seq) };
  if (wire.edit) return { kind: "edit", seq: number(wire.edit.seq), content: wire.edit.content ?? null };
  const { reaction, pin } = wire;
  if (reaction) return { kind: "reaction", seq: number(reaction.seq), emoji: reaction.emoji ?? "", on: reaction.on === true };
  if (pin) return { kind: "pin", seq: number(pin.seq), on: pin.on === true };
  return wire.befriended ? { kind: "befriended" } : null;
}

/** What was set for a group, and how others come in: by whom is the sender; of whom, and which words.  @param {Json} wire  @returns {Body} */
function readSetting(wire) {
  /** @param {string} what  @param {string} [userId]  @param {string} [text]  @returns {Body} */
  const told = (what, userId = "", text = "") => ({ kind: "told", what, userId, text });
  if (wire.role_set) return told(wire.role_set.role === "admin" ? "made_admin" : "made_member", wire.role_set.user_id);
  if (wire.owner_transferred) return told("owner_transferred", wire.owner_transferred.user_id);
  if (wire.member_muted) return told(number(wire.member_muted.until_ms) ? "member_muted" : "member_unmuted", wire.member_muted.user_id);
  if (wire.all_muted) return told(wire.all_muted.on ? "all_muted" : "all_unmuted");
  const profile = wire.group_profile_set;
  if (profile?.name) return told("group_named", "", profile.name);
  if (profile?.announcement) return told("announcement_set", "", profile.announcement);
  if (profile) return told("group_changed");
  if (wire.nickname_set) return told("nickname_set", "", wire.nickname_set.nickname ?? "");
  if (wire.group_rules_set) return told("group_changed");
  if (wire.join_link_made) return told("join_link_made");
  if (wire.join_link_revoked) return told("join_link_revoked");
  if (wire.member_joined) return told("member_joined");
  if (wire.join_requested) return told("join_requested", "", wire.join_requested.note ?? "");
  if (wire.join_answered) return told(wire.join_answered.accept ? "let_in" : "not_let_in", wire.join_answered.user_id);
  if (wire.group_dismissed) return told("group_dismissed");
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
