// The audit log as the gateway writes to it: one shape for every event, without a token, a cookie or a user id.

/** What happened, and what came of it. */
export type AuditedAction =
  | { readonly event: 'login'; readonly outcome: 'completed' | 'failed' | 'refused' }
  | { readonly event: 'logout'; readonly outcome: 'confirmed' | 'unconfirmed' | 'failed' }
  | { readonly event: 'session-ended'; readonly outcome: string }
  | { readonly event: 'renewal'; readonly outcome: 'completed' | 'failed' }
  | { readonly event: 'revocation'; readonly outcome: 'requested' | 'confirmed' }
  | { readonly event: 'key-rotation'; readonly outcome: 'completed' | 'incomplete' }
  | { readonly event: 'origin'; readonly outcome: 'refused' }
  | { readonly event: 'relay'; readonly outcome: 'given' | 'refused' };

/** Whom it concerns, and where it came from. What is not known, or does not apply, is left out. */
export interface AuditDetails {
  /** The X-Request-Id of the request that caused it. */
  readonly requestId?: string;
  /** The client address of that request. */
  readonly address?: string | null;
  /** The digest of the browser's keyring. */
  readonly keyring?: string;
  /** The digest of the broker's user. */
  readonly user?: string;
  /** The digest of the session, or those of several. */
  readonly session?: string | readonly string[];
  /** The digest of the account, which is the same in its next session. */
  readonly account?: string;
  /** The api key of the app. */
  readonly app?: string;
  /** Why, as the code of an error. */
  readonly code?: string;
  /** The origin of the page that sent the request. */
  readonly origin?: string;
  /** The name of the backend: a digest of the one of RELAY_SECRETS that it sent. */
  readonly backend?: string;
}

/** One event. */
export type AuditEvent = AuditedAction & AuditDetails;

/** Takes events. */
export interface AuditLog {
  /** Takes an event; never throws and never waits. */
  write(event: AuditEvent): void;
  /** Why it cannot keep events now, as a code; null or left out where it can. */
  readonly fault?: string | null;
  /**
   * Whether as many events wait as may: operations that would be recorded are then refused before they begin. Those that
   * go on already still write theirs.
   */
  readonly isFull?: boolean;
}

/** An audit log that keeps nothing. */
export const noAuditLog: AuditLog = { write: () => undefined };
