// A log that a test can read.
import { pino } from 'pino';

/** One line, as far as tests look at it. */
export interface LogLine {
  readonly failures?: Readonly<Record<string, number>>;
  readonly origin?: string;
  readonly msg: string;
  /** 20 debug, 30 info, 40 warn, 50 error. */
  readonly level?: number;
  readonly cause?: string | null;
  readonly repeated?: number;
  readonly requestId?: string;
  readonly accountId?: string;
  readonly operation?: string;
  readonly milliseconds?: number;
  readonly errors?: Readonly<Record<string, number>>;
  readonly code?: string;
  readonly status?: number;
  readonly count?: number;
  readonly firstRequestId?: string;
  readonly lastRequestId?: string;
}

/** A logger, its lines, and those of them that are about operations. */
export function readableLog() {
  const lines: LogLine[] = [];
  const logger = pino({}, { write: (line: string) => lines.push(JSON.parse(line)) });
  return { lines, logger, operations: () => lines.filter(({ msg }) => msg === 'Operation') };
}
