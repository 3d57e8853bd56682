// The accounts of this browser, made of its sessions.
import type { Broker, SessionRowFragment } from '../generated/graphql.ts';

/** Where an account stands in the list. */
export type AccountGroup = 'login' | 'active';

/** An account of this browser. */
export interface Account {
  readonly id: string;
  /** What its user calls it, else its user's name. */
  readonly name: string;
  readonly label: string | null;
  readonly broker: Broker;
  readonly apiKey: string;
  /** The broker's id of its user. */
  readonly userId: string | null;
  /** The id of its user for this API. */
  readonly userKey: string | null;
  /** Its newest session. */
  readonly session: SessionRowFragment;
  readonly isActive: boolean;
  readonly group: AccountGroup;
}

const order = new Intl.Collator('en-IN', { numeric: true, sensitivity: 'base' });

/**
 * The accounts, by name. One whose session ends while the page is open stays where it is, so that the eye finds it.
 * @param before the accounts as they were, for their places.
 */
export function accountsOf(
  sessions: readonly SessionRowFragment[],
  before: readonly Account[],
): readonly Account[] {
  const newest = new Map<string, SessionRowFragment>();
  for (const session of sessions) {
    const known = newest.get(session.account.id);
    if (!known || Date.parse(session.issuedAt) >= Date.parse(known.issuedAt)) {
      newest.set(session.account.id, session);
    }
  }
  const groups = new Map(before.map(({ id, group }) => [id, group]));
  const accounts = [...newest.values()].map((session): Account => {
    const { account, user, broker, apiKey, state } = session;
    const isActive = state === 'ACTIVE';
    return {
      id: account.id,
      name: account.label ?? user?.userName ?? user?.userId ?? 'Unknown user',
      label: account.label,
      broker,
      apiKey,
      userId: user?.userId ?? null,
      userKey: user?.id ?? null,
      session,
      isActive,
      group: isActive ? 'active' : (groups.get(account.id) ?? 'login'),
    };
  });
  return accounts.toSorted((one, other) => order.compare(one.name, other.name));
}

/** The sessions with these in place of what was known of them; those that were not known come first. */
export function withSessions(
  sessions: readonly SessionRowFragment[],
  changed: readonly SessionRowFragment[],
): readonly SessionRowFragment[] {
  const newest = new Map(changed.map((session) => [session.id, session]));
  const known = sessions.map(({ id }) => id);
  const kept = sessions.map((session) => newest.get(session.id) ?? session);
  for (const id of known) newest.delete(id);
  return [...newest.values(), ...kept];
}

/** Whether a logout has something to end: it is logged in, or its broker has not confirmed a logout yet. */
export function isOpen({ isActive, session }: Account): boolean {
  return isActive || session.state === 'REVOKING';
}

/** Whether the gateway forgets this browser when these are logged out: nothing would be left that is not logged out. */
export function forgetsBrowser(accounts: readonly Account[], leaving: readonly Account[]): boolean {
  const ids = new Set(leaving.map(({ id }) => id));
  return accounts.every(({ id, session }) => ids.has(id) || session.state === 'REVOKED');
}

const names = new Intl.ListFormat('en-IN');
/** The most accounts that a sentence names. */
const maxNamed = 5;

/** Accounts in a sentence: `Father, HUF and Mother`, or `Father, HUF, Mother, Self, Trust and 45 others`. */
export function listOf(accounts: readonly Account[]): string {
  const shown = accounts.length > maxNamed + 1 ? accounts.slice(0, maxNamed) : accounts;
  const others = accounts.length - shown.length;
  const words = shown.map(({ name }) => name);
  return names.format(others === 0 ? words : [...words, `${others} others`]);
}
