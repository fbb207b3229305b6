/** How long to wait before trying again: proto/client.md, section 11. */

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/**
 * Full jitter: a random time below a bound that doubles with every try, so that a crowd does not come back at once.
 * @param {number} tries how many there were before; 0 for the first
 */
export const fullJitterMs = (tries) => Math.random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** tries);
