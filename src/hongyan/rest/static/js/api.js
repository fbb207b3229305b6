/** The REST calls of this page: accounts, sessions, and where the socket is. */

/** @typedef {import("./wire.js").Json} Json */

/** A request that the server answered with an error; `name` is that of proto/codes.toml, "" when there is none. */
export class Refused extends Error {
  /**
   * @param {number} status of HTTP
   * @param {Json} problem
   */
  constructor(status, problem) {
    super(String(problem.detail ?? `HTTP ${status}`));
    this.status = status;
    this.name = String(problem.name ?? "");
  }
}

/**
 * A log-in of this page.
 * @typedef {object} Tokens
 * @property {string} userId
 * @property {string} deviceId
 * @property {string} access
 * @property {string} refresh
 * @property {number} expiresAtMs when the access token runs out
 */

/**
 * @param {string} path
 * @param {Json | null} body
 * @param {string} [method]
 * @param {string} [access] the access token
 * @returns {Promise<Json>}
 */
async function call(path, body, method = body ? "POST" : "GET", access = "") {
  /** @type {Record<string, string>} */
  const headers = body ? { "Content-Type": "application/json" } : {};
  if (access) headers.Authorization = `Bearer ${access}`;
  const response = await fetch(new URL(`api/v1/${path}`, document.baseURI), {
    method,
    headers,
    body: body && JSON.stringify(body),
    credentials: "omit",
    // A log-out is sent even when the page goes away with it.
    keepalive: method === "DELETE",
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  const answer = text && response.headers.get("Content-Type")?.includes("json") ? JSON.parse(text) : {};
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

/** @param {Json} answer  @returns {Tokens} */
const readTokens = (answer) => ({
  userId: answer.user_id,
  deviceId: answer.device_id,
  access: answer.access_token,
  refresh: answer.refresh_token,
  expiresAtMs: Date.now() + 1000 * Number(answer.expires_in_s),
});

/** @param {string} userId  @param {string} password */
export const register = (userId, password) => call("users", { user_id: userId, password });

/**
 * @param {string} userId
 * @param {string} password
 * @param {string} deviceId "" has the server make one
 */
export async function logIn(userId, password, deviceId) {
  const device = { device_id: deviceId, device_name: deviceName(), platform: "web" };
  return readTokens(await call("sessions", { user_id: userId, password, ...device }));
}

/** @param {Tokens} tokens */
export async function refresh(tokens) {
  return readTokens(await call("sessions/refresh", { refresh_token: tokens.refresh }));
}

/** @param {string} access the access token */
export const logOut = (access) => call("sessions/current", null, "DELETE", access);

/** Where the socket is. A server that names a bare address is reached under the name that this page came from. */
export async function socketAddress() {
  const { ws: url } = await call("endpoints", null);
  const address = new URL(url);
  if (/^[\d.]+$|^\[/.test(address.hostname)) address.hostname = location.hostname;
  return address.href;
}

/** What the user will find this page under among the devices. */
function deviceName() {
  // Edge says that it is Chrome, and Chrome that it is Safari.
  const found = ["Firefox", "Edg", "Chrome", "Safari"].find((name) => navigator.userAgent.includes(`${name}/`));
  return found ? `${found.replace("Edg", "Edge")} (hongyan page)` : "hongyan page";
}
