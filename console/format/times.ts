// Times as the console shows them: India's clock, and what is left of a session.

const clock = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Asia/Kolkata',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const shortClock = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Asia/Kolkata',
  hour: '2-digit',
  minute: '2-digit',
});
const day = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Kolkata' });
const dayName = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Asia/Kolkata',
  day: 'numeric',
  month: 'short',
});

/** `09:15:04`, in India. */
export function formatClock(time: string | number): string {
  return clock.format(new Date(time));
}

/** `09:15` today, `yesterday 15:31`, or `3 Jan 15:31`; in India. */
export function formatMoment(time: string | number, now: number): string {
  const at = new Date(time);
  const hour = shortClock.format(at);
  const isDay = (when: number) => day.format(at) === day.format(new Date(when));
  if (isDay(now)) return hour;
  if (isDay(now - 86_400_000)) return `yesterday ${hour}`;
  return `${dayName.format(at)} ${hour}`;
}

/** `6 h 12 min`, `12 min`, or `less than a minute`. */
export function formatDuration(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 1) return 'less than a minute';
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${minutes} min` : `${hours} h ${minutes % 60} min`;
}
