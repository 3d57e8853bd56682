// The services behind the keyrings of browsers.

import { Secret } from '../../brokers/upstream/secret.ts';
import type { Census } from '../../keyring/census/census.ts';
import type { Keyrings } from '../../keyring/keyring.ts';
import type { SessionNews } from '../../keyring/news/session-news.ts';
import type { Revocations } from '../../keyring/revocations/revocations.ts';
import type { Deliveries } from '../../keyring/webhook/deliveries.ts';
import type { Audit } from '../audit.ts';
import type { Attempts } from '../limits/attempts.ts';
import { type Cookies, cookiesOf } from '../request/cookies.ts';
import type { Origins } from '../request/origins.ts';
import type { LoginService } from './login-service.ts';
import type { PasswordLogins } from './password/password-logins.ts';
import type { PendingLogins } from './pending-logins.ts';
import type { SessionRenewals } from './session-renewals.ts';

/** What keyrings of browsers are made from. They live as long as the gateway. */
export interface BrowserKeyrings {
  readonly keyrings: Keyrings;
  readonly revocations: Revocations;
  readonly news: SessionNews;
  /** Null without a webhook. */
  readonly deliveries: Deliveries | null;
  /** Counts the store; null without metrics. */
  readonly census: Census | null;
  readonly logins: LoginService;
  readonly passwordLogins: PasswordLogins;
  readonly renewals: SessionRenewals;
  readonly pendingLogins: PendingLogins;
  readonly cookies: Cookies;
  readonly origins: Origins;
  readonly attempts: Attempts;
  readonly audit: Audit;
}

/** The cookie that names the keyring of a request's browser; null where it has none. */
export function keyringCookieOf({ cookies }: BrowserKeyrings, request: Request): Secret | null {
  const value = cookiesOf(request)[cookies.keyringName];
  return value ? new Secret(value) : null;
}
