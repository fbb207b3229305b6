/** The page begins here: who is it, and then the conversations. */

import { socketAddress } from "./api.js";
import { byId, translate } from "./dom.js";
import { enter } from "./entrance.js";
import { resumed } from "./session.js";
import { LANGUAGE, t } from "./strings.js";
import { View } from "./view.js";

/** Why the log-in ended, for the page after this one. */
const NOTICE = "hongyan.notice";

const LOG_OUT_WITHIN_MS = 3_000;

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
  const session = (await resumed()) ?? (await enter(takeNotice()));
  const view = new View(session, socketAddress, (reason) => (session.forget(), leave(reason)));
  byId("log-out").addEventListener("click", async () => {
    // The server closes the connection of a device that is logged out; that is no news then.
    view.stop();
    await Promise.race([session.end(), new Promise((resolve) => setTimeout(resolve, LOG_OUT_WITHIN_MS))]);
    session.forget();
    location.reload();
  });
  window.addEventListener("beforeunload", (event) => view.hasUnsent && event.preventDefault());
  view.start();
}

void begin();
