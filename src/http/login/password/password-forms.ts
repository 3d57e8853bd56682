// The gateway's own login page: shows the forms, and takes what they send. Each form belongs to a login that this browser
// has begun, by a cookie, so that no page elsewhere can send one.
import type { BrokerApp } from '../../../brokers/apps.ts';
import { isWellFormedToken, Secret } from '../../../brokers/upstream/secret.ts';
import type { LoginFailure } from '../../../browser-keyring.ts';
import type { Services } from '../../../context.ts';
import { KeyringStoreError } from '../../../keyring/stores/store.ts';
import { codeOf, wordsOf } from '../../../schema/errors/problem.ts';
import type { FailureLog } from '../../limits/failure-log.ts';
import type { KeyringRequest } from '../../request/keyring-request.ts';
import { type BrowserKeyrings, keyringCookieOf } from '../browser-keyrings.ts';
import { codeOfFailure, type LoginError, redirect, refused, waysOn } from '../login-error.ts';
import { logFailed, logRefused } from '../login-log.ts';
import { page } from '../page.ts';
import type { FoundLogin } from '../pending-logins.ts';
import { type FormRefusal, formRefusals, isOwnForm, readForm } from './form-body.ts';
import { codeForm, type FormError, type FormOptions, passwordForm } from './password-page.ts';

/** What the forms are made of. */
export interface PasswordFormsOptions {
  readonly services: Services;
  readonly browsers: BrowserKeyrings;
  readonly failures: FailureLog;
}

/** The login page of brokers without one. */
export interface PasswordForms {
  /** Begins a login: its first form. */
  open(about: KeyringRequest, app: BrokerApp, returnTo: string | null): Response;
  /** The form that a login of this browser waits for. */
  resume(about: KeyringRequest, login: string): Promise<Response>;
  /** Takes a form. */
  submit(about: KeyringRequest): Promise<Response>;
}

/** Makes the login page. */
export function createPasswordForms(options: PasswordFormsOptions): PasswordForms {
  const { services, browsers, failures } = options;
  const { apps, broker, limits } = services;
  const { pendingLogins, passwordLogins, cookies, audit, origins } = browsers;

  function shown(
    { nonce, apiKey, returnTo }: Pick<FoundLogin, 'nonce' | 'apiKey' | 'returnTo'>,
    fault?: FormFault,
  ): FormOptions {
    const seconds = fault?.retryAfterSeconds;
    const app = apps.find(apiKey);
    return {
      login: nonce,
      broker: broker.of(broker.nameOf(apiKey)).title,
      app: app?.name ?? apiKey,
      helpUrl: app?.helpUrl,
      returnTo,
      ...(fault && { error: fault.error, status: fault.status }),
      ...(seconds !== undefined && { headers: { 'retry-after': `${seconds}` } }),
    };
  }

  /** Begins a login that takes the place of another one. */
  function startAgain(about: KeyringRequest, login: FoundLogin, fault: FormFault, userId = '') {
    const { apiKey, returnTo } = login;
    about.setCookie(cookies.clear(login.cookieName));
    const begun = pendingLogins.begin(about.request, { apiKey, returnTo });
    begun.setCookies.forEach(about.setCookie);
    return passwordForm(shown({ apiKey, returnTo, nonce: begun.nonce }, fault), userId);
  }

  /** What the user typed cannot be sent: nothing was. */
  function logInvalid({ requestId, device }: KeyringRequest, field: string): void {
    const code = 'BAD_USER_INPUT';
    failures.write(
      { address: device.ipAddress, requestId, code },
      { code, field },
      'Login refused',
    );
  }

  function fail(
    about: KeyringRequest,
    code: LoginError,
    login: Pick<FoundLogin, 'apiKey' | 'returnTo'> | undefined,
  ): Response {
    logFailed({ failures, audit }, about, code);
    return refused(options, login?.returnTo ?? null, code, login?.apiKey);
  }

  function refuse(about: KeyringRequest, refusal: FormRefusal): Response {
    const { status, title, text, code } = refusal;
    logRefused({ failures, audit }, about, code, title);
    return page(status, title, text, waysOn(options));
  }

  /** The login of this browser with a nonce; the answer where it cannot go on. */
  function findLogin(about: KeyringRequest, nonce: string): FoundLogin | Response {
    const pending = pendingLogins.find(about.request);
    const login = pending.find((candidate) => candidate.nonce === nonce);
    if (login === undefined) {
      return fail(about, 'LOGIN_MISMATCH', pending[0]);
    }
    if (!login.late) return login;
    about.setCookie(cookies.clear(login.cookieName));
    return fail(about, 'LOGIN_EXPIRED', login);
  }

  async function takePassword(about: KeyringRequest, login: FoundLogin, form: URLSearchParams) {
    const password = new Secret(form.get('password') ?? '');
    const userId = (form.get('userId') ?? '').trim();
    const invalid = (field: 'userId' | 'password', text: string) => {
      logInvalid(about, field);
      return passwordForm(shown(login, { status: 400, error: { field, text } }), userId);
    };
    if (!isWellFormedToken(new Secret(userId))) {
      return invalid('userId', 'Enter your user id: letters and digits, without spaces.');
    }
    if (password.reveal() === '') return invalid('password', 'Enter your password.');
    const { apiKey, returnTo } = login;
    const begun = await passwordLogins.begin(about, { apiKey, userId, password }, { returnTo });
    if (!('reason' in begun)) {
      about.setCookie(cookies.clear(login.cookieName));
      // By a redirect, so that a reload sends no password again.
      return redirect(`${origins.home}login?login=${begun.id}`);
    }
    if (isOfOperator(begun)) return refused(options, returnTo, codeOfFailure(begun), apiKey);
    const fault = faultOf(begun, true);
    return passwordForm(shown(login, fault), userId);
  }

  async function takeCode(about: KeyringRequest, login: FoundLogin, form: URLSearchParams) {
    const accessCode = new Secret((form.get('code') ?? '').replace(/\s/g, ''));
    const isWaived = form.has('waived');
    const challenge = await passwordLogins.read(login.nonce);
    if (!isWaived && !isWellFormedToken(accessCode) && challenge !== null) {
      logInvalid(about, 'code');
      const text = 'Enter the access code, or continue without one if you were sent none.';
      const fault = { status: 400, error: { field: 'code', text } } as const;
      return codeForm(shown(login, fault), challenge.begun.sentTo);
    }
    const cookie = keyringCookieOf(browsers, about.request);
    const given = { challengeId: login.nonce, accessCode: isWaived ? null : accessCode };
    const { result } = await browsers.logins.complete(about, cookie, given);
    if (!('reason' in result)) return redirect(login.returnTo ?? origins.home);
    if (isOfOperator(result))
      return refused(options, login.returnTo, codeOfFailure(result), login.apiKey);
    const fault = faultOf(result, false);
    const again = challenge && (await passwordLogins.read(login.nonce));
    return again === null
      ? startAgain(about, login, fault, challenge?.begun.userId)
      : codeForm(shown(login, fault), again.begun.sentTo);
  }

  /** Runs a step; a store that is down has words too. */
  async function stored(about: KeyringRequest, login: FoundLogin, step: () => Promise<Response>) {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof KeyringStoreError)) throw error;
      logFailed({ failures, audit }, about, 'KEYRING_UNAVAILABLE');
      const failure = { reason: 'keyring-unavailable', isTokenSpent: false } as const;
      return passwordForm(shown(login, faultOf(failure, true)));
    }
  }

  return {
    open(about, { apiKey }, returnTo) {
      const { nonce, setCookies } = pendingLogins.begin(about.request, { apiKey, returnTo });
      setCookies.forEach(about.setCookie);
      return passwordForm(shown({ nonce, apiKey, returnTo }));
    },

    async resume(about, nonce) {
      const login = findLogin(about, nonce);
      if (login instanceof Response) return login;
      return stored(about, login, async () => {
        const challenge = await passwordLogins.read(nonce);
        const form = shown(login);
        return challenge === null ? passwordForm(form) : codeForm(form, challenge.begun.sentTo);
      });
    },

    async submit(about) {
      const { request } = about;
      if (!isOwnForm(request, origins.own)) return refuse(about, formRefusals.origin);
      const form = await readForm(request, limits.loginFormBytes);
      if (!(form instanceof URLSearchParams)) return refuse(about, form);
      const login = findLogin(about, form.get('login') ?? '');
      if (login instanceof Response) return login;
      if (form.has('cancel')) {
        about.setCookie(cookies.clear(login.cookieName));
        return fail(about, 'LOGIN_CANCELLED', login);
      }
      const take = form.get('step') === 'code' ? takeCode : takePassword;
      return stored(about, login, () => take(about, login, form));
    },
  };
}

/** What went wrong with a form, and the status to say it with. */
interface FormFault {
  readonly status: number;
  readonly error: FormError;
  readonly retryAfterSeconds?: number;
}

/** Whether the user can do nothing about a failure, here or at the broker. */
function isOfOperator(failure: LoginFailure): boolean {
  const code = codeOfFailure(failure);
  return code === 'APP_MISCONFIGURED' || code === 'NOT_SUPPORTED';
}

const statuses: Partial<Record<LoginError, number>> = {
  RATE_LIMITED: 429,
  UPSTREAM_UNAVAILABLE: 503,
  UPSTREAM_TIMEOUT: 504,
  UPSTREAM_INVALID_RESPONSE: 502,
  UPSTREAM_ERROR: 502,
  KEYRING_UNAVAILABLE: 503,
};

/** What a failure is to the user. @param isFirstStep whether the form of the first step can mend it. */
function faultOf(failure: LoginFailure, isFirstStep: boolean): FormFault {
  const code = codeOfFailure(failure);
  const status = statuses[code] ?? 400;
  switch (failure.reason) {
    case 'too-many-attempts': {
      const { retryAfterSeconds } = failure;
      const text = `Too many tries from this address or for this user, and wrong tries lock the account. Try again in ${retryAfterSeconds} seconds.`;
      return { status, retryAfterSeconds, error: { field: null, text } };
    }
    case 'keyring-unavailable': {
      const text = 'The gateway cannot store sessions at the moment. Try again in a minute.';
      return { status, error: { field: null, text } };
    }
    case 'broker': {
      const { error } = failure;
      // The broker looks at the user id before there is a password.
      const wrongId = error.code === 'input' && isFirstStep ? ('userId' as const) : null;
      const field = error.code === 'token' && isFirstStep ? 'password' : wrongId;
      return { status, error: { field, text: wordsOf(error, codeOf(error, 'redeem')) } };
    }
    default: {
      const text =
        'The login was tried before, or took too long. Start it again with your password.';
      return { status, error: { field: null, text } };
    }
  }
}
