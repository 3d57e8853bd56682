// What keyrings report, in the log: rows that no key opens have a line now and then that counts them, and so has all else.
import type { Logger } from 'pino';
import type { KeyringReport } from '../../keyring/report.ts';
import type { Limits } from '../../limits.ts';

/** A report that is told less often than it comes. */
interface Told {
  readonly at: number;
  /** Reports since, and the rows that they are about. */
  repeated: number;
  records: number;
}

/**
 * Logs reports. The first of a kind and reason is a warning; the next one follows after `unreadableLogMinutes`, or after
 * `repeatedWarningSeconds` where it is about something else than rows that do not open, and counts those between.
 * @param milliseconds of a clock that never jumps.
 */
export function createKeyringLog(
  log: Logger,
  { unreadableLogMinutes, repeatedWarningSeconds }: Limits,
  milliseconds: () => number,
): (report: KeyringReport) => void {
  // Kinds and reasons are few, and none comes from outside.
  const told = new Map<string, Told>();
  return (report) => {
    const isUnreadable = report.kind.startsWith('unreadable');
    const pause = isUnreadable ? unreadableLogMinutes * 60_000 : repeatedWarningSeconds * 1_000;
    const cause = 'reason' in report ? `${report.kind} ${report.reason}` : report.kind;
    const records = 'count' in report ? report.count : 1;
    const last = told.get(cause);
    if (last !== undefined && milliseconds() - last.at < pause) {
      last.repeated += 1;
      last.records += records;
      log.debug(report, 'Keyring');
      return;
    }
    told.set(cause, { at: milliseconds(), repeated: 0, records: 0 });
    const between = last !== undefined && last.repeated > 0;
    log.warn(
      {
        ...report,
        ...(between && { repeated: last.repeated }),
        ...(between && isUnreadable && { count: last.records + records }),
      },
      isUnreadable ? unreadable : 'Keyring',
    );
  };
}

const unreadable =
  'Keyring: it cannot be decrypted with KEYRING_KEYS. Add the key that encrypted it behind the first one';
