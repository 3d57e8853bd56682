// India Standard Time, UTC+05:30 the year round: the zone of the brokers' times, which carry none.
import { type Field, malformed } from './field.ts';

const hourMilliseconds = 60 * 60 * 1000;
const offsetMilliseconds = 5.5 * hourMilliseconds;
const dayMilliseconds = 24 * hourMilliseconds;
const zoneless = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})$/;

/** Reads `YYYY-MM-DD HH:MM:SS` as India Standard Time, whatever this machine's zone; null where missing or empty. */
export function indiaTime(value: unknown): Field<Date | null> {
  if (value == null || value === '') return null;
  if (typeof value !== 'string') return malformed;
  const parts = zoneless.exec(value);
  if (parts === null) return malformed;
  const time = new Date(`${parts[1]}T${parts[2]}+05:30`);
  // February 30th parses in some engines; a time that does not print as it was read is invalid.
  const isReal = !Number.isNaN(time.getTime()) && formatIndiaTime(time).startsWith(`${parts[1]}T`);
  return isReal ? time : malformed;
}

const monthFirst = /^(\d{1,2})\/(\d{1,2})\/(\d{4}) (\d{1,2}):(\d{2}):(\d{2}) ([AP]M)$/;

/** Reads `8/23/2021 11:29:35 AM`, the month first, in the same way. */
export function monthFirstIndiaTime(value: unknown): Field<Date | null> {
  if (typeof value !== 'string' || value === '') return indiaTime(value);
  const parts = monthFirst.exec(value);
  if (parts === null) return malformed;
  const [, month = '', day = '', year = '', hour = '', minute = '', second = '', half] = parts;
  if (Number(hour) < 1 || Number(hour) > 12) return malformed;
  const hours = (Number(hour) % 12) + (half === 'PM' ? 12 : 0);
  const two = (number: string | number) => String(number).padStart(2, '0');
  return indiaTime(`${year}-${two(month)}-${two(day)} ${two(hours)}:${minute}:${second}`);
}

/** RFC 3339 with India's offset, such as `2021-01-01T16:15:14+05:30`; milliseconds only where there are some. */
export function formatIndiaTime(time: Date): string {
  const local = new Date(time.getTime() + offsetMilliseconds).toISOString();
  return `${local.replace(/(\.000)?Z$/, '')}+05:30`;
}

/** The next full hour of this number in India after a time. */
export function nextHourInIndia(time: Date, hour: number): Date {
  const local = time.getTime() + offsetMilliseconds;
  const today = Math.floor(local / dayMilliseconds) * dayMilliseconds + hour * hourMilliseconds;
  return new Date((today > local ? today : today + dayMilliseconds) - offsetMilliseconds);
}
