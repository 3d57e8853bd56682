// Time as Kite speaks of it: India Standard Time, UTC+05:30 all year, whatever zone this process is in.

const hour = 3_600_000;
const day = 24 * hour;
const offset = 5.5 * hour;
const dayOfTokensEnds = 6 * hour;

/**
 * The first 06:00 in India after an instant, when a token from that instant expires.
 * Both are milliseconds since 1970 UTC. At 06:00 sharp the answer is the next day's.
 */
export function nextSixInIndia(instant: number): number {
  const india = instant + offset;
  const six = Math.floor(india / day) * day + dayOfTokensEnds;
  return (six > india ? six : six + day) - offset;
}

/** An instant as Kite writes `login_time`: `YYYY-MM-DD HH:MM:SS` in India, without a zone. */
export function indiaTimestamp(instant: number): string {
  return new Date(instant + offset).toISOString().slice(0, 19).replace('T', ' ');
}
