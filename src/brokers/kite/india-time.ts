// Kite's clock is India's: its times carry no zone, and its access tokens die at six in the morning there.
// India Standard Time is UTC+05:30 the year round.
import { type Field, malformed } from './field.ts';

const offsetMilliseconds = 5.5 * 60 * 60 * 1000;
const dayMilliseconds = 24 * 60 * 60 * 1000;
const sixOClockMilliseconds = 6 * 60 * 60 * 1000;
const zoneless = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})$/;

/** Reads `YYYY-MM-DD HH:MM:SS` as India Standard Time, whatever this machine's zone; null where missing or empty. */
export function indiaTime(value: unknown): Field<Date | null> {
  if (value == null || value === '') return null;
  if (typeof value !== 'string') return malformed;
  const parts = zoneless.exec(value);
  if (parts === null) return malformed;
  const time = new Date(`${parts[1]}T${parts[2]}+05:30`);
  // February 30th parses in some engines; a time that does not print as it was read is none.
  const isReal = !Number.isNaN(time.getTime()) && formatIndiaTime(time).startsWith(`${parts[1]}T`);
  return isReal ? time : malformed;
}

/** RFC 3339 with India's offset, such as `2021-01-01T16:15:14+05:30`; milliseconds only where there are some. */
export function formatIndiaTime(time: Date): string {
  const local = new Date(time.getTime() + offsetMilliseconds).toISOString();
  return `${local.replace(/(\.000)?Z$/, '')}+05:30`;
}

/** The next 06:00 in India after a time: when a session that began then is expected to end. */
export function nextSixInIndia(time: Date): Date {
  const local = time.getTime() + offsetMilliseconds;
  const six = Math.floor(local / dayMilliseconds) * dayMilliseconds + sixOClockMilliseconds;
  return new Date((six > local ? six : six + dayMilliseconds) - offsetMilliseconds);
}

/** The last 06:00 in India at or before a time: an answer from before it is of a session that has ended. */
export function lastSixInIndia(time: Date): Date {
  return new Date(nextSixInIndia(time).getTime() - dayMilliseconds);
}
