// Logins by password, for brokers without a login page: the first step leaves a challenge in the store, which the second
// takes. The broker's one-time token stays there, encrypted; password and code stay nowhere.
import { randomBytes } from 'node:crypto';
import type { BrokerSession } from '../../../brokers/answers.ts';
import type { Apps } from '../../../brokers/apps.ts';
import type { Brokers } from '../../../brokers/brokers.ts';
import { BrokerError, notSupported } from '../../../brokers/error.ts';
import type { Operation } from '../../../brokers/upstream/operation.ts';
import type { Secret } from '../../../brokers/upstream/secret.ts';
import type {
  BegunChallenge,
  GivenCode,
  GivenPassword,
  LoginFailure,
  SessionForCaller,
} from '../../../browser-keyring.ts';
import type {
  EncryptedChallenges,
  LoginChallenge,
} from '../../../keyring/crypto/encrypted-challenges.ts';
import type { Keyrings } from '../../../keyring/keyring.ts';
import type { Limits } from '../../../limits.ts';
import type { PasswordTries } from '../../limits/password-tries.ts';
import type { KeyringRequest } from '../../request/keyring-request.ts';
import { loginStep, type ObtainSession } from '../kept-session.ts';
import { codeOfFailure } from '../login-error.ts';
import { type LoginLog, logCompleted, logFailed } from '../login-log.ts';
import type { PendingLogins } from '../pending-logins.ts';

/** What logins by password are made of. */
export interface PasswordLoginsOptions extends LoginLog {
  readonly broker: Brokers;
  readonly apps: Apps;
  readonly keyrings: Keyrings;
  readonly challenges: EncryptedChallenges;
  readonly pendingLogins: PendingLogins;
  readonly tries: PasswordTries;
  /** Milliseconds for one step, waiting for a turn included. */
  readonly timeoutMilliseconds: number;
  readonly limits: Limits;
  readonly now: () => Date;
}

/** Logs in by password. */
export interface PasswordLogins {
  /**
   * Sends the password to the broker and keeps the challenge.
   * @param browser where the login is a browser's: its cookie is set then. Null: each caller who knows the challenge's id may
   *   complete it.
   */
  begin(
    request: KeyringRequest,
    given: GivenPassword,
    browser: { readonly returnTo: string | null } | null,
  ): Promise<BegunChallenge | LoginFailure>;
  /** The challenge of a browser; null where no such login waits. It stays. @throws KeyringStoreError */
  read(challengeId: string): Promise<LoginChallenge | null>;
  /**
   * Looks at the challenge and counts the try, before anything is spent. The outcome is not logged here.
   * @param isOfBrowser whether the challenge has to be a browser's.
   */
  prepare(
    request: KeyringRequest,
    given: GivenCode,
    isOfBrowser: boolean,
  ): Promise<ReadyLogin | LoginFailure>;
  /** Completes a login of a caller without a keyring, who takes the session. */
  completeForCaller(
    request: KeyringRequest,
    given: GivenCode,
  ): Promise<SessionForCaller | LoginFailure>;
}

/** A login whose second step may be made. */
export interface ReadyLogin {
  readonly apiKey: string;
  /** Takes the challenge and sends the code to the broker. */
  readonly obtain: ObtainSession;
}

/** Makes the logins by password of a gateway. */
export function createPasswordLogins(options: PasswordLoginsOptions): PasswordLogins {
  const { broker, apps, keyrings, challenges, pendingLogins, tries, limits, now } = options;
  const { timeoutMilliseconds } = options;

  async function refusedTry(
    factor: 'password' | 'code',
    { device }: KeyringRequest,
    apiKey: string,
    userId: string,
  ): Promise<LoginFailure | null> {
    const user = { broker: broker.nameOf(apiKey), userId };
    const retryAfterSeconds = await tries(factor, device.ipAddress, user);
    return retryAfterSeconds > 0 ? { reason: 'too-many-attempts', retryAfterSeconds } : null;
  }

  async function begin(
    request: KeyringRequest,
    { apiKey, userId, password }: GivenPassword,
    browser: { readonly returnTo: string | null } | null,
  ): Promise<BegunChallenge | LoginFailure> {
    const login = broker.passwordLogin(apiKey);
    if (login === null || apps.find(apiKey) === undefined) {
      return { reason: 'broker', error: notSupported(otherLogin), apiKey };
    }
    const refused = await refusedTry('password', request, apiKey, userId);
    if (refused !== null) return refused;
    return loginStep(timeoutMilliseconds, request, apiKey, async (deadline) => {
      // A code is not asked for where its login could not be kept.
      await keyrings.ready();
      const begun = await login.begin(apiKey, userId, password, deadline);
      const pending = browser && pendingLogins.begin(request.request, { apiKey, ...browser });
      const id = pending?.nonce ?? randomBytes(32).toString('base64url');
      const seconds = Math.min(limits.loginChallengeSeconds, limits.pendingLoginSeconds);
      const expiresAt = now().getTime() + seconds * 1_000;
      const isOfBrowser = browser !== null;
      await challenges.keep(id, { apiKey, begun, isOfBrowser, expiresAt });
      pending?.setCookies.forEach(request.setCookie);
      return {
        id,
        broker: broker.nameOf(apiKey),
        sentTo: begun.sentTo,
        expiresAt: new Date(expiresAt),
      };
    });
  }

  async function prepare(
    request: KeyringRequest,
    { challengeId, accessCode }: GivenCode,
    isOfBrowser: boolean,
  ): Promise<ReadyLogin | LoginFailure> {
    const known = await loginStep(timeoutMilliseconds, request, '', () =>
      challenges.read(challengeId),
    );
    if (known === null) return { reason: 'unknown-login' };
    if ('reason' in known) return known;
    const { apiKey, begun } = known;
    if (known.isOfBrowser !== isOfBrowser) return { reason: 'unknown-login' };
    const refused = await refusedTry('code', request, apiKey, begun.userId);
    return refused ?? { apiKey, obtain: (operation) => send(challengeId, accessCode, operation) };
  }

  async function send(
    challengeId: string,
    accessCode: Secret | null,
    operation: Operation,
  ): Promise<BrokerSession> {
    const challenge = await challenges.take(challengeId);
    // Another request has taken it a moment ago.
    if (challenge === null) throw new BrokerError('token', { advice: spent });
    const { apiKey, begun } = challenge;
    const login = broker.passwordLogin(apiKey);
    if (login === null) throw notSupported(otherLogin);
    try {
      return await login.complete(apiKey, begun, accessCode, operation);
    } catch (error) {
      // Surely unspent: the same code may be sent again.
      const isUnspent = error instanceof BrokerError && !error.mayHaveReachedBroker;
      if (isUnspent) await challenges.keep(challengeId, challenge);
      throw error;
    }
  }

  async function completeForCaller(
    request: KeyringRequest,
    given: GivenCode,
  ): Promise<SessionForCaller | LoginFailure> {
    const ready = await prepare(request, given, false);
    if ('reason' in ready) return ready;
    const { apiKey, obtain } = ready;
    return loginStep(timeoutMilliseconds, request, apiKey, async (deadline) => ({
      apiKey,
      session: await obtain(deadline),
    }));
  }

  return {
    async begin(request, given, browser) {
      const begun = await begin(request, given, browser);
      if ('reason' in begun) logFailed(options, request, codeOfFailure(begun));
      return begun;
    },
    read: (challengeId) => challenges.read(challengeId),
    prepare,
    async completeForCaller(request, given) {
      const completed = await completeForCaller(request, given);
      if ('reason' in completed) {
        logFailed(options, request, codeOfFailure(completed));
        return completed;
      }
      const { apiKey } = completed;
      const { requestId, device } = request;
      const about = { requestId, address: device.ipAddress, app: apiKey };
      options.audit.write({ event: 'login', outcome: 'completed', ...about });
      logCompleted(options, request, apiKey, false);
      return completed;
    },
  };
}

const otherLogin =
  'The users of this app do not log in by password here. Send the browser to the loginUrl of the app.';

const spent = 'This login was tried or completed before. Start it again with the password.';
