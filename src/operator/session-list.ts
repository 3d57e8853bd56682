// `sessions list`: every session of the store, a line each, as it is read.

import { everyKeyring } from '../keyring/census/every-keyring.ts';
import type { SessionRecord } from '../keyring/session-record.ts';
import type { OpenSessions } from './open-sessions.ts';
import { createProgress, type Output } from './output.ts';

/** Columns of a line of text, separated by tabs. */
const columns = [
  'STATE',
  'SESSION',
  'BROKER',
  'APP',
  'USER',
  'ISSUED',
  'LAST SEEN',
  'ENDED',
  'REASON',
  'DEVICES',
  'BROWSER',
  'ACCOUNT',
];

/** Lists all sessions. @returns whether all of them could be read. */
export async function listSessions(
  sessions: OpenSessions,
  output: Output,
  { isJson, showsUsers }: { readonly isJson: boolean; readonly showsUsers: boolean },
): Promise<boolean> {
  const progress = createProgress(output, 'browsers read');
  if (!isJson) {
    const header = showsUsers ? [...columns, 'USER ID', 'NAME'] : columns;
    await output.result({}, header.join('\t'));
  }
  let browsers = 0;
  let listed = 0;
  // What Redis lists twice follows close upon itself.
  let last = '';
  for await (const keyring of everyKeyring(sessions)) {
    browsers += 1;
    progress(browsers);
    if (output.isClosed) return true;
    if (keyring.id === last) continue;
    last = keyring.id;
    for (const { record } of sessions.records.decrypt(keyring.id, keyring.records)) {
      listed += 1;
      const described = describe(sessions, keyring.id, record, showsUsers);
      await output.result(described, lineOf(described));
    }
  }
  const unreadable = sessions.unreadable();
  output.note(`Sessions: ${listed}. Browsers: ${browsers}.`);
  if (unreadable === 0) return true;
  output.note(
    `${unreadable} more cannot be read with KEYRING_KEYS: put their key behind the others.`,
  );
  return false;
}

function describe(
  { digests }: OpenSessions,
  keyringId: string,
  record: SessionRecord,
  showsUsers: boolean,
) {
  const { sessionId, accountId, state, broker, apiKey, userId, userName, devices, endReason } =
    record;
  const { keyring = '', user = null, account = '' } = digests.details(keyringId, record);
  return {
    state,
    sessionId,
    accountId,
    broker,
    apiKey,
    user,
    issuedAt: record.issuedAt.toISOString(),
    lastSeenAt: record.lastSeenAt.toISOString(),
    endedAt: record.endedAt?.toISOString() ?? null,
    endReason,
    devices: devices.length,
    keyring,
    // As the audit log names it.
    session: digests.session(sessionId),
    account,
    ...(showsUsers && { userId, userName }),
  };
}

function lineOf(described: ReturnType<typeof describe>): string {
  const { state, sessionId, accountId, broker, apiKey, user, issuedAt } = described;
  const { lastSeenAt, endedAt, endReason, devices, keyring, userId, userName } = described;
  const fields = [
    ...[state, sessionId, broker, apiKey, user, issuedAt, lastSeenAt, endedAt],
    ...[endReason, devices, keyring, accountId],
    ...(userId === undefined ? [] : [userId, userName]),
  ];
  // A name is the broker's text: no control character of it reaches a terminal.
  return fields.map((field) => String(field ?? '-').replace(/\p{Cc}/gu, ' ')).join('\t');
}
