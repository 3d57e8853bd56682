// How long things live and how many there may be: every number of the keyring in one place.

const second = 1_000;
const minute = 60 * second;
const day = 24 * 60 * minute;

/** A keyring that nobody used for this long is gone: 7 days, in milliseconds. */
export const idleLifetime = 7 * day;

/** A keyring is gone this long after it began, however busy it was: 30 days, in milliseconds. */
export const absoluteLifetime = 30 * day;

/** How long a cookie still works after a login replaced it: 60 seconds, in milliseconds. */
export const retiredCookieLifetime = minute;

/** How long an ended session stays listed: 7 days from its end, in milliseconds. */
export const endedSessionLifetime = 7 * day;

/** Use is written down at most this often, so that reading stays reading: a minute, in milliseconds. */
export const touchInterval = minute;

/** The most session records of one keyring, ended ones included. */
export const maxRecords = 1_000;

/** The most devices remembered of one session: those seen last. */
export const maxDevices = 10;

/** The most characters kept of a user agent. */
export const maxUserAgentLength = 256;

/** The most characters kept of an address: the longest text of an IPv6 address has 45, a zone may follow. */
export const maxIpAddressLength = 64;

/** How often a write that another one overtook is tried again before the store counts as unavailable. */
export const maxTries = 32;

/** How much a store must be able to write before a token is spent: a session's row with all that belongs to it, in bytes. */
export const sessionBytes = 16 * 1_024;

/** How long a store may take before it counts as unavailable, in milliseconds. */
export const storePatience = 1_000;

/** How long the clocks must have agreed before anything expired is deleted for good: 10 minutes, in milliseconds. */
export const clockSettling = 10 * minute;

/** By how much the clocks may disagree, as they do when one is corrected little by little: a minute, in milliseconds. */
export const clockTolerance = minute;
