/** The three dialogs: a new chat, a new group, and who is in a group. */

import { avatar, byId, el } from "./dom.js";
import { explain, t } from "./strings.js";
import { singleId } from "./wire.js";
import { nameOf } from "./words.js";

/** @typedef {import("./client.js").Client} Client */
/** @typedef {import("./wire.js").Failure} Failure */

const USER_ID = /^[A-Za-z0-9_-]{1,32}$/;

/** A mistake of the user, said in the dialog. */
class Mistake extends Error {}

/** @param {string} text */
function checkUserId(text) {
  if (!USER_ID.test(text)) throw new Mistake(t("bad_user_id", { name: text }));
  return text;
}

/** User ids as people write lists of them.  @param {string} text */
const userIds = (text) => text.split(/[\s,;，；、]+/).filter(Boolean).map(checkUserId);

/**
 * Runs what a form is for when it is sent, with its buttons off meanwhile, and says what went wrong.
 * @param {HTMLFormElement} form
 * @param {() => Promise<void> | void} act
 */
function onSubmit(form, act) {
  const error = /** @type {HTMLElement} */ (form.querySelector(".error"));
  const submit = /** @type {HTMLButtonElement} */ (form.querySelector("[type=submit]"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    error.textContent = "";
    submit.disabled = true;
    try {
      await act();
    } catch (failure) {
      error.textContent = failure instanceof Mistake ? failure.message : explain(/** @type {Failure} */ (failure));
    } finally {
      submit.disabled = false;
    }
  });
}

/** @param {HTMLDialogElement} dialog */
function show(dialog) {
  const form = /** @type {HTMLFormElement} */ (dialog.querySelector("form"));
  form.reset();
  /** @type {HTMLElement} */ (form.querySelector(".error")).textContent = "";
  dialog.showModal();
}

export class Dialogs {
  /**
   * @param {Client} client
   * @param {(conversationId: string) => void} onOpen
   */
  constructor(client, onOpen) {
    this._client = client;
    this._onOpen = onOpen;
    this._groupId = "";
    this._leaveSure = false;
    this._chat = byId("chat-dialog", HTMLDialogElement);
    this._group = byId("group-dialog", HTMLDialogElement);
    this._members = byId("members-dialog", HTMLDialogElement);
    byId("new-chat").addEventListener("click", () => show(this._chat));
    byId("new-group").addEventListener("click", () => show(this._group));
    for (const dialog of [this._chat, this._group, this._members]) {
      dialog.querySelector(".cancel")?.addEventListener("click", () => dialog.close());
      // A click beside the dialog is a click on its backdrop.
      dialog.addEventListener("mousedown", (event) => event.target === dialog && dialog.close());
    }
    onSubmit(byId("chat-form", HTMLFormElement), () => this._startChat());
    onSubmit(byId("group-form", HTMLFormElement), () => this._createGroup());
    onSubmit(byId("members-form", HTMLFormElement), () => this._addMembers());
    this._leaveButton = byId("leave-group");
    this._leaveButton.addEventListener("click", () => void this._leave());
  }

  /** @param {string} id of a group's conversation */
  async showMembers(id) {
    this._groupId = id;
    this._leaveSure = false;
    this._leaveButton.textContent = t("leave_group");
    show(this._members);
    await this._listMembers();
  }

  _startChat() {
    const other = checkUserId(byId("chat-with", HTMLInputElement).value.trim());
    if (other === this._client.me) throw new Mistake(t("not_yourself"));
    this._chat.close();
    this._onOpen(singleId(this._client.me, other));
  }

  async _createGroup() {
    const name = byId("group-name", HTMLInputElement).value.trim();
    if (!name) throw new Mistake(t("group_name"));
    const memberIds = userIds(byId("group-members", HTMLTextAreaElement).value);
    const id = await this._client.command("", { create_group: { name, member_ids: memberIds } });
    this._group.close();
    this._onOpen(id);
  }

  async _addMembers() {
    const input = byId("more-members", HTMLInputElement);
    const memberIds = userIds(input.value);
    if (!memberIds.length) return;
    await this._client.command(this._groupId, { add_members: { member_ids: memberIds } });
    input.value = "";
    await this._listMembers();
  }

  /** Asks once more in the same place. */
  async _leave() {
    if (!this._leaveSure) {
      this._leaveSure = true;
      this._leaveButton.textContent = t("leave_sure", { name: nameOf(this._client.replica.ensure(this._groupId), this._client.me) });
      return;
    }
    try {
      await this._client.command(this._groupId, { leave_group: {} });
      this._members.close();
    } catch (failure) {
      this._say(/** @type {Failure} */ (failure));
    }
  }

  /** @param {string} userId */
  async _remove(userId) {
    try {
      await this._client.command(this._groupId, { remove_members: { member_ids: [userId] } });
      await this._listMembers();
    } catch (failure) {
      this._say(/** @type {Failure} */ (failure));
    }
  }

  async _listMembers() {
    try {
      const members = await this._client.members(this._groupId);
      byId("members-title").textContent = t("n_members", { n: members.length });
      byId("members").replaceChildren(...members.map((member) => this._member(member, members)));
    } catch (failure) {
      this._say(/** @type {Failure} */ (failure));
    }
  }

  /**
   * @param {import("./client.js").Member} member
   * @param {import("./client.js").Member[]} all
   */
  _member({ userId, role }, all) {
    const ranks = ["member", "admin", "owner"];
    const mine = all.find((other) => other.userId === this._client.me)?.role ?? "member";
    const remove = ranks.indexOf(mine) > ranks.indexOf(role) &&
      el("button", { type: "button", class: "link", "aria-label": t("remove_member", { name: userId }), onclick: () => this._remove(userId) },
        t("remove"));
    const shown = role === "owner" || role === "admin" ? el("small", {}, t(`role_${role}`)) : null;
    return el("li", {}, avatar(userId, false), el("span", { class: "member-name" }, userId), shown, remove);
  }

  /** @param {Failure} failure */
  _say(failure) {
    /** @type {HTMLElement} */ (this._members.querySelector(".error")).textContent = explain(failure);
  }
}
