// The issuer of session tokens of one gateway: its name, its time, and when its sessions expire.
import type { Brokers } from '../brokers/brokers.ts';
import type { SessionRecord } from '../keyring/session-record.ts';
import type { SessionTokens } from './session-tokens.ts';

/** What an issuer is made of. */
export interface TokenIssuerOptions {
  readonly tokens: SessionTokens;
  /** The public URL, without a slash at its end. */
  readonly issuer: string;
  readonly now: () => Date;
  /** The brokers of its sessions. */
  readonly brokers: Pick<Brokers, 'of'>;
}

/** Issues tokens for the sessions of a gateway. */
export interface TokenIssuer {
  readonly tokens: SessionTokens;
  /**
   * A new token for a session.
   * @returns null for a session that is not ACTIVE or is expected to have expired; `unknown-template` where the operator
   *   has no template of this name.
   */
  issue(session: SessionRecord, template: string): Promise<string | null | 'unknown-template'>;
}

/** Makes the issuer of a gateway. */
export function createTokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const { tokens, issuer, now, brokers } = options;
  return {
    tokens,
    async issue(session, name) {
      const template = tokens.templates.get(name);
      if (template === undefined) return 'unknown-template';
      if (session.state !== 'ACTIVE') return null;
      const { broker, loginTime, issuedAt } = session;
      const expiresAt = brokers.of(broker).expiryOf(loginTime ?? issuedAt);
      return tokens.sign(session, template, { issuer, now: now(), expiresAt });
    },
  };
}
