// Generated from proto/codes.toml by tools/generate.py. Do not edit.

export const CloseCode = Object.freeze({
  GoingAway: 4000,
  SlowConsumer: 4001,
  Silent: 4002,
  ServerError: 4003,
  ConnectTimeout: 4004,
  Overloaded: 4005,
  BadFrame: 4500,
  NotAuthenticated: 4501,
  LoggedOut: 4502,
  Replaced: 4503,
});

/** @param {number} closeCode */
export function isResumable(closeCode) {
  return closeCode < 4500;
}
