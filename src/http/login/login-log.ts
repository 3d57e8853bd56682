// What the log and the audit log say of logins: every one leaves a line.
import type { Logger } from 'pino';
import type { Added } from '../../keyring/keyring.ts';
import type { Audit } from '../audit.ts';
import type { FailureLog } from '../limits/failure-log.ts';
import type { KeyringRequest } from '../request/keyring-request.ts';
import type { LoginError } from './login-error.ts';

/** Where logins are written down. */
export interface LoginLog {
  readonly log: Logger;
  readonly failures: FailureLog;
  readonly audit: Audit;
}

/** Records a login, and the ends of the sessions that it replaced or left no room for. */
export function auditLogin(
  { audit }: LoginLog,
  { requestId, device }: KeyringRequest,
  { keyringId, record, replaced, surplus }: Added,
): void {
  const about = { requestId, address: device.ipAddress };
  const login = { event: 'login', outcome: 'completed' } as const;
  audit.write({ ...login, ...about, ...audit.digests.details(keyringId, record) });
  const ended = [
    ...(replaced?.state === 'ACTIVE' ? [{ outcome: 'REPLACED', session: replaced }] : []),
    ...surplus.map((session) => ({ outcome: 'TOO_MANY', session })),
  ];
  for (const { outcome, session } of ended) {
    const of = audit.digests.details(keyringId, session);
    audit.write({ event: 'session-ended', outcome, ...about, ...of });
  }
}

/** Logs a login that was completed. @param isRepeated whether the same request had completed it before. */
export function logCompleted(
  { log }: LoginLog,
  { requestId }: KeyringRequest,
  apiKey: string,
  isRepeated: boolean,
): void {
  log.info({ requestId, apiKey, isRepeated }, 'Login completed');
}

/** Logs a login that failed; nothing is wrong where its user cancelled it. */
export function logFailed(
  { failures, audit }: Pick<LoginLog, 'failures' | 'audit'>,
  { requestId, device }: Pick<KeyringRequest, 'requestId' | 'device'>,
  code: LoginError,
): void {
  const about = { requestId, address: device.ipAddress, code };
  const level = code === 'LOGIN_CANCELLED' ? 'info' : 'warn';
  failures.write({ ...about, level }, { code }, 'Login failed');
  audit.fail({ event: 'login', outcome: 'failed', ...about });
}

/** Logs a request of the login page that is refused before a login begins or goes on. */
export function logRefused(
  { failures, audit }: Pick<LoginLog, 'failures' | 'audit'>,
  { requestId, device }: Pick<KeyringRequest, 'requestId' | 'device'>,
  code: LoginError,
  reason: string,
): void {
  const about = { requestId, address: device.ipAddress, code };
  failures.write(about, { code, reason }, 'Login refused');
  audit.fail({ event: 'login', outcome: 'refused', ...about });
}
