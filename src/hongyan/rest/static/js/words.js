/** What entries and conversations are called and say, as plain text. */

import { listed, t } from "./strings.js";
import { isGroup, peerOf } from "./wire.js";

/** @typedef {import("./wire.js").Entry} Entry */
/** @typedef {import("./wire.js").Json} Json */
/** @typedef {import("./copy.js").Copy} Copy */

/** @param {Copy} copy  @param {string} me */
export function nameOf(copy, me) {
  if (isGroup(copy.id)) return copy.name || t("group");
  return peerOf(copy.id, me) || t(copy.id.startsWith("u:") ? "saved" : "notices");
}

/** @param {string} userId  @param {string} me */
export const personName = (userId, me) => (userId === me ? t("you") : userId);

/**
 * A message as one text: what it says, or what kind it is where this page cannot show it.
 * @param {Json} content
 */
export function contentText(content) {
  if (content.text) return String(content.text.text ?? "");
  if (content.file) return t("kind_file", { name: content.file.name ?? "" });
  if (content.location) return t("kind_location", { name: content.location.name ?? "" });
  if (content.card) return t("kind_card", { name: content.card.name ?? "" });
  if (content.custom?.fallback) return String(content.custom.fallback);
  for (const kind of ["image", "voice", "video"]) if (content[kind]) return t(`kind_${kind}`);
  return t("kind_custom");
}

/**
 * What an entry says that nobody wrote; "" for a message and for what is not to be shown.
 * @param {Entry} entry
 * @param {string} me
 */
export function noticeText({ body, senderId }, me) {
  const name = personName(senderId, me);
  const people = (/** @type {string[]} */ ids) => listed(ids.map((id) => personName(id, me)));
  switch (body.kind) {
    case "recalled":
      if (body.byUserId !== senderId) return t("recalled_by", { name: personName(body.byUserId, me), other: name });
      return senderId === me ? t("recalled_own") : t("recalled_other", { name });
    case "deleted":
      if (body.byUserId !== senderId) return t("deleted_by", { name: personName(body.byUserId, me), other: name });
      return t("deleted", { name });
    case "pin":
      return t(body.on ? "pinned" : "unpinned", { name });
    case "befriended":
      return t("befriended");
    case "told":
      return t(body.what, { name, other: personName(body.userId, me), text: body.text });
    case "group_created":
      return t("group_created", { name, group: body.name });
    case "members_added":
      return t("members_added", { name, others: people(body.memberIds) });
    case "members_removed":
      return t("members_removed", { name, others: people(body.memberIds) });
    case "member_left":
      return t("member_left", { name });
    case "unknown":
      return t("unknown_entry");
    default:
      return "";
  }
}

const PREVIEW_CHARACTERS = 120;

/** @param {Entry} entry  @param {string} me */
export function previewText(entry, me) {
  if (entry.body.kind === "recall") {
    return entry.senderId === me ? t("recalled_own") : t("recalled_other", { name: entry.senderId });
  }
  const name = personName(entry.senderId, me);
  if (entry.body.kind === "delete") return t("deleted", { name });
  if (entry.body.kind === "edit") return t("edited_one", { name });
  if (entry.body.kind === "reaction") return t(entry.body.on ? "reacted" : "unreacted", { name, emoji: entry.body.emoji });
  if (entry.body.kind !== "message") return noticeText(entry, me);
  const text = contentText(entry.body.content).slice(0, PREVIEW_CHARACTERS).replace(/\s+/g, " ");
  return isGroup(entry.conversationId) && entry.senderId !== me ? `${entry.senderId}: ${text}` : text;
}
