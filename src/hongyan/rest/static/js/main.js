/** The page begins here: who is it, and then the conversations. */

import * as api from "./api.js";
import { byId, translate } from "./dom.js";
import { enter } from "./entrance.js";
import { holdsDevice, resumed, Session } from "./session.js";
import { LANGUAGE, t } from "./strings.js";
import { View } from "./view.js";

/** Why the log-in ended, for the page after this one. */
const NOTICE = "hongyan.notice";

/** Begins anew, so that nothing of the last user is left in the page.  @param {string} reason */
function leave(reason) {
  sessionStorage.setItem(NOTICE, reason);
  location.reload();
}

function takeNotice() {
  const reason = sessionStorage.getItem(NOTICE);
  sessionStorage.removeItem(NOTICE);
  return reason ? t(reason) : "";
}

async function begin() {
  document.documentElement.lang = LANGUAGE === "zh" ? "zh-CN" : "en";
  document.title = t("app_name");
  translate();
  let session = await resumed();
  if (!session) {
    const tokens = await enter(takeNotice());
    await holdsDevice(tokens.deviceId);
    session = new Session(tokens);
  }
  const mine = session;
  const view = new View(mine, api.socketAddress, (reason) => (mine.forget(), leave(reason)));
  byId("log-out").addEventListener("click", async () => {
    // The server closes the connection of a device that is logged out; that is no news then.
    await mine.end();
    view.stop();
  });
  window.addEventListener("beforeunload", (event) => view.hasUnsent && event.preventDefault());
  view.start();
}

void begin();
