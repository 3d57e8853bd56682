// The log of API requests: enough to count and time them, and nothing that would have to be kept secret.

const mostEntries = 100_000;
const mostPaths = 1_000;

/** One API request, from its arrival on. */
export interface LogEntry {
  /** When it arrived on the simulator's clock, in milliseconds since 1970 UTC. */
  readonly at: number;
  /** When it had arrived, body and all, on a clock that never jumps: milliseconds from an arbitrary start. */
  monotonicMilliseconds: number;
  /** The HTTP method. */
  readonly method: string;
  /** The path, never with a query: a logout's carries the token. */
  readonly path: string;
  /** The user its credential names, dead or alive; null where it names none. */
  userId: string | null;
  /** The registered app it came from; null where it names none. */
  apiKey: string | null;
  /** The status it was answered with; null until then, and for good where no answer was sent. */
  status: number | null;
}

/** The log as the control API shows it. */
export interface LogReport {
  /** The newest requests, oldest first; `time` is RFC 3339 with milliseconds, in UTC. */
  readonly requests: readonly (Omit<LogEntry, 'at'> & { readonly time: string })[];
  /** How many requests each path has had since the log was last cleared. */
  readonly counts: Readonly<Record<string, number>>;
}

/** The newest 100,000 requests, and how many each path has had in all. */
export class RequestLog {
  #entries: LogEntry[] = [];
  #counts = new Map<string, number>();

  /** Takes a request in as it arrives; what becomes known later is written into the entry. */
  add(entry: LogEntry): LogEntry {
    this.#entries.push(entry);
    // Twice as many are kept as shown: dropping half at once is far cheaper than one each time.
    if (this.#entries.length >= 2 * mostEntries) this.#entries = this.#entries.slice(-mostEntries);
    const known = this.#counts.has(entry.path) || this.#counts.size < mostPaths;
    const path = known ? entry.path : 'other';
    this.#counts.set(path, (this.#counts.get(path) ?? 0) + 1);
    return entry;
  }

  /** What there is, oldest first. */
  report(): LogReport {
    return {
      requests: this.#entries.slice(-mostEntries).map(({ at, ...entry }) => ({
        time: new Date(at).toISOString(),
        ...entry,
      })),
      counts: Object.fromEntries(this.#counts),
    };
  }

  /** Forgets every request and every count. */
  clear(): void {
    this.#entries = [];
    this.#counts.clear();
  }
}
