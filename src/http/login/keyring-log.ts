// What keyrings report, in the log: rows that no key opens have a line now and then that counts them, and so has all else.
import type { Logger } from 'pino';
import type { KeyringReport } from '../../keyring/report.ts';
import type { Limits } from '../../limits.ts';
import { createCauseLog } from '../plugins/cause-log.ts';

/**
 * Logs reports. The first of a kind and reason is a warning; the next one follows after `unreadableLogMinutes`, or after
 * `repeatedWarningSeconds` where it is about something else than rows that do not open, and counts those between.
 * @param milliseconds of a clock that never jumps.
 */
export function createKeyringLog(
  log: Logger,
  limits: Limits,
  milliseconds: () => number,
): (report: KeyringReport) => void {
  const seldom = { ...limits, repeatedWarningSeconds: limits.unreadableLogMinutes * 60 };
  const logUnreadable = createCauseLog(log, unreadable, seldom, milliseconds);
  const logOther = createCauseLog(log, 'Keyring', limits, milliseconds);
  return (report) => {
    const cause = 'reason' in report ? `${report.kind} ${report.reason}` : report.kind;
    const isUnreadable = report.kind.startsWith('unreadable');
    (isUnreadable ? logUnreadable : logOther)(cause, { ...report });
  };
}

const unreadable =
  'Keyring: it cannot be decrypted with KEYRING_KEYS. Add the key that encrypted it behind the first one';
