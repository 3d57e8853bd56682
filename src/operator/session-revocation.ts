// `sessions revoke` and `sessions revoke-user`: from this moment a session's tokens serve for nothing but to end them at
// the broker, which the gateways on the store do, at once where one runs.
import type { BrokerName } from '../brokers/broker-name.ts';
import { everyKeyring } from '../keyring/census/every-keyring.ts';
import { beginEnds } from '../keyring/revocations/begun-ends.ts';
import type { SessionRecord } from '../keyring/session-record.ts';
import type { OpenSessions } from './open-sessions.ts';
import { createProgress, type Output } from './output.ts';

/** What became of a session. */
type Outcome = 'revoked' | 'already-ended' | 'left-to-its-browser';

const texts = {
  revoked: 'is revoked; a gateway ends it at the broker',
  'already-ended': 'has ended already',
  'left-to-its-browser':
    'is revoked; the list of revocations is full, so it ends at the broker when its browser returns',
} as const satisfies Record<Outcome, string>;

/** Revokes sessions by their ids. @returns whether each was found. */
export async function revokeSessions(
  sessions: OpenSessions,
  output: Output,
  ids: readonly string[],
): Promise<boolean> {
  const missing = new Set(ids);
  await visit(
    sessions,
    output,
    ({ sessionId }) => missing.delete(sessionId),
    () => missing.size === 0,
  );
  for (const sessionId of missing) {
    await output.result({ sessionId, outcome: 'not-found' }, `${sessionId} is not in the store`);
  }
  return missing.size === 0 && sessions.unreadable() === 0;
}

/**
 * Revokes every session of a user: first those that the index names, then those that it does not know of.
 * @param brokers where the user has this id: several brokers may have given it to different people.
 * @returns whether all sessions of the store could be read.
 */
export async function revokeUser(
  sessions: OpenSessions,
  output: Output,
  userId: string,
  brokers: readonly BrokerName[],
): Promise<boolean> {
  const done = new Set<string>();
  const isNew = ({ sessionId }: SessionRecord) =>
    !done.has(sessionId) && Boolean(done.add(sessionId));
  for (const broker of brokers) {
    for (const { keyringId, record } of await sessions.users.find({ broker, userId })) {
      if (isNew(record)) await revoke(sessions, output, keyringId, record);
    }
  }
  const isTheirs = (record: SessionRecord) =>
    record.userId === userId && brokers.includes(record.broker) && isNew(record);
  await visit(sessions, output, isTheirs, () => false);
  output.note(`${done.size} sessions of this user.`);
  return sessions.unreadable() === 0;
}

/** Revokes the sessions that are chosen, until that is all. */
async function visit(
  sessions: OpenSessions,
  output: Output,
  isChosen: (record: SessionRecord) => boolean,
  isAll: () => boolean,
): Promise<void> {
  const progress = createProgress(output, 'browsers searched');
  let browsers = 0;
  for await (const keyring of everyKeyring(sessions)) {
    browsers += 1;
    progress(browsers);
    for (const { record } of sessions.records.decrypt(keyring.id, keyring.records)) {
      if (isChosen(record)) await revoke(sessions, output, keyring.id, record);
    }
    if (isAll()) return;
  }
}

async function revoke(
  sessions: OpenSessions,
  output: Output,
  keyringId: string,
  record: SessionRecord,
): Promise<void> {
  const { sessionId } = record;
  const outcome = await begin(sessions, keyringId, record);
  if (outcome !== 'already-ended') {
    const about = sessions.digests.details(keyringId, record);
    sessions.audit.write({ event: 'revocation', outcome: 'requested', ...about });
  }
  await output.result({ sessionId, outcome }, `${sessionId} ${texts[outcome]}`);
}

/** Puts the tokens on the list, and then marks the session, and what renewals have put in its place meanwhile. */
async function begin(
  { revocations, keyrings, limits }: OpenSessions,
  keyringId: string,
  record: SessionRecord,
): Promise<Outcome> {
  if (record.state === 'REVOKED' || record.state === 'REVOKING') return 'already-ended';
  const reason = 'REVOKED_ELSEWHERE';
  /** Whether the list has its tokens. */
  const hold = async (tokens: SessionRecord) => {
    const { key, sessionId, accessToken, refreshToken } = tokens;
    if (accessToken === null && refreshToken === null) return true;
    const session = { keyringId, key, sessionId };
    const since = new Date();
    const revocation = {
      ids: revocations.ids(session),
      tokens,
      session,
      since,
      reason,
    } as const;
    const held = await revocations.add(revocation, since.getTime(), limits.pendingRevocations);
    return held === 'written' || held === 'exists';
  };
  const maxTries = limits.storeTries;
  const begun = await beginEnds({ keyrings, keyringId, reason, maxTries, hold }, record);
  return begun.every(({ held }) => held) ? 'revoked' : 'left-to-its-browser';
}
