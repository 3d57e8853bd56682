// Time as the brokers speak of it: India Standard Time, UTC+05:30 all year, whatever zone this process is in.

const hour = 3_600_000;
const day = 24 * hour;
const offset = 5.5 * hour;
const endOfTokens = 6 * hour;

/**
 * The first 06:00 in India after an instant, when a token from that instant expires.
 * Both are milliseconds since 1970 UTC. At 06:00 sharp the answer is the next day's.
 */
export function nextSixInIndia(instant: number): number {
  const india = instant + offset;
  const six = Math.floor(india / day) * day + endOfTokens;
  return (six > india ? six : six + day) - offset;
}

/** The day in India that an instant falls on, as its number since 1970. */
export function dayInIndia(instant: number): number {
  return Math.floor((instant + offset) / day);
}

/** The instant at which a day in India begins, by the day's number since 1970. */
export function startOfDayInIndia(number: number): number {
  return number * day - offset;
}

/** An instant with the month first, such as `8/23/2021 11:29:35 AM`: how Kotak writes times in India, without a zone. */
export function monthFirstTimestamp(instant: number): string {
  const india = new Date(instant + offset);
  const [hours, minutes, seconds] = [
    india.getUTCHours(),
    india.getUTCMinutes(),
    india.getUTCSeconds(),
  ];
  const two = (number: number) => String(number).padStart(2, '0');
  const date = `${india.getUTCMonth() + 1}/${india.getUTCDate()}/${india.getUTCFullYear()}`;
  const time = `${hours % 12 || 12}:${two(minutes)}:${two(seconds)}`;
  return `${date} ${time} ${hours < 12 ? 'AM' : 'PM'}`;
}

/** An instant as Kite writes `login_time`: `YYYY-MM-DD HH:MM:SS` in India, without a zone. */
export function indiaTimestamp(instant: number): string {
  return new Date(instant + offset).toISOString().slice(0, 19).replace('T', ' ');
}
