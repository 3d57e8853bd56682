// How the keyring goes about its work: what is no bound of its own. Bounds stand in src/limits.ts.

const minute = 60_000;

/** Milliseconds of a day. */
export const day = 24 * 60 * minute;

/** How long tokens to end are kept at most: 7 days, in milliseconds, long after any of them has expired. */
export const revocationLifetime = 7 * day;

/** When an event to deliver that cannot be decrypted is looked at again: an hour, in milliseconds. */
export const unreadablePause = 60 * minute;

/** Use is written down at most this often, so that reading stays reading: a minute, in milliseconds. */
export const touchInterval = minute;

/** How much a store must be able to write before a token is spent: a session's row with all that belongs to it, in bytes. */
export const sessionBytes = 16 * 1_024;

/** How long the clocks must have agreed before anything expired is deleted for good: 10 minutes, in milliseconds. */
export const clockSettling = 10 * minute;

/** By how much the clocks may disagree, as they do when one is corrected little by little: a minute, in milliseconds. */
export const clockTolerance = minute;
