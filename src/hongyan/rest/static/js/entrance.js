/** The form before the conversations: log in, or register and log in. */

import * as api from "./api.js";
import { byId } from "./dom.js";
import { logIn } from "./session.js";
import { explain, t } from "./strings.js";

/**
 * Shows the form until somebody is in.
 * @param {string} notice why the last log-in ended; "" for none
 * @returns {Promise<import("./session.js").Session>}
 */
export function enter(notice) {
  const [form, error] = [byId("entrance-form", HTMLFormElement), byId("entrance-error")];
  const [userId, password] = [byId("user-id", HTMLInputElement), byId("password", HTMLInputElement)];
  const [submit, change] = [byId("entrance-submit", HTMLButtonElement), byId("entrance-switch", HTMLButtonElement)];
  let registering = false;

  function show() {
    submit.textContent = t(registering ? "register" : "log_in");
    change.textContent = t(registering ? "to_log_in" : "to_register");
    password.autocomplete = registering ? "new-password" : "current-password";
    for (const id of ["user-id-hint", "password-hint"]) byId(id).hidden = !registering;
  }

  async function act() {
    const [name, secret] = [userId.value.trim(), password.value];
    if (registering) await api.register(name, secret);
    registering = false;
    show();
    return logIn(name, secret);
  }

  error.textContent = notice;
  byId("entrance").hidden = false;
  show();
  userId.focus();
  change.addEventListener("click", () => {
    registering = !registering;
    error.textContent = "";
    show();
    userId.focus();
  });
  return new Promise((resolve) => {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      error.textContent = "";
      submit.disabled = true;
      try {
        const session = await act();
        password.value = "";
        byId("entrance").hidden = true;
        resolve(session);
      } catch (refusal) {
        error.textContent = explain(refusal instanceof api.Refused ? refusal : { name: "no_answer", message: "" });
      } finally {
        submit.disabled = false;
      }
    });
  });
}
