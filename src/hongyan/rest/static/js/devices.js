/**
 * Which device a tab is. A device's id is no secret and is kept for the next time, so that a browser does not fill up the
 * number of devices that a user may have; tabs of one browser are devices of their own, and each holds its device's lock.
 */

const LOCK_WITHIN_MS = 1_000;

/** @param {string} userId */
const keyOf = (userId) => `hongyan.devices.${userId}`;

/** @param {string} userId  @returns {string[]} */
function known(userId) {
  try {
    return JSON.parse(localStorage.getItem(keyOf(userId)) ?? "[]");
  } catch {
    return [];
  }
}

/**
 * Takes a device's lock until the tab is gone; false when another tab has it.
 * @param {string} deviceId
 * @param {LockOptions} options
 * @returns {Promise<boolean>}
 */
function hold(deviceId, options) {
  // Browsers have locks on https and on the machine itself; elsewhere there is none to be had.
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    const held = (/** @type {Lock | null} */ lock) => {
      resolve(lock !== null);
      return lock && new Promise(() => {});
    };
    navigator.locks.request(`hongyan.device.${deviceId}`, options, held).catch(() => resolve(false));
  });
}

/**
 * A device of this browser that no other tab is at the moment; "" when the server has to make one.
 * @param {string} userId
 */
export async function freeDevice(userId) {
  for (const deviceId of known(userId)) if (await hold(deviceId, { ifAvailable: true })) return deviceId;
  return "";
}

/**
 * Keeps a device's id for the next time.
 * @param {string} userId
 * @param {string} deviceId
 */
export async function keepDevice(userId, deviceId) {
  if (known(userId).includes(deviceId)) return;
  localStorage.setItem(keyOf(userId), JSON.stringify([...known(userId), deviceId]));
  await hold(deviceId, { ifAvailable: true });
}

/**
 * Whether this tab is still the device that it was before it was reloaded. A browser copies a tab's sessionStorage into a
 * duplicate of it; the duplicate is refused here.
 * @param {string} deviceId
 */
export const isStillDevice = (deviceId) => hold(deviceId, { signal: AbortSignal.timeout(LOCK_WITHIN_MS) });
