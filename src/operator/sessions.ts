// `kite-graphql sessions`: the operator's command on the sessions of a store. It needs no gateway, and may run beside some.
import { brokerNames } from '../brokers/broker-name.ts';
import { readStoreConfig } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { KeyringStoreError } from '../keyring/stores/store.ts';
import { rotateKeys } from './key-rotation.ts';
import { type OpenSessions, openSessions } from './open-sessions.ts';
import { createOutput, type Output } from './output.ts';
import { listSessions } from './session-list.ts';
import { revokeSessions, revokeUser } from './session-revocation.ts';

/** The output of `sessions --help`. */
export const sessionsHelp = `kite-graphql sessions: the sessions of browsers in a store, without a running gateway

Usage
  kite-graphql sessions list [--json] [--show-users]
                                  list every session, a line each
  kite-graphql sessions revoke <session id>... [--json]
                                  end sessions, at the broker too
  kite-graphql sessions revoke-user <user id> [--broker=<name>] [--json]
                                  end every session of a user
  kite-graphql sessions rotate-keys [--json]
                                  encrypt everything with the first of KEYRING_KEYS
  kite-graphql sessions --help    print this text

Options
  --broker=<name> only of the user of this broker (${brokerNames.join(' or ')}); else of each broker that has such a user
  --json          results as JSON, one object a line
  --show-users    user ids and names too, which are left out otherwise

Settings are those of the gateway: KEYRING_STORE (sqlite:<file> or redis://...), KEYRING_KEYS, AUDIT_LOG, LIMIT_...,
and WEBHOOK_URL, so that the webhook learns of sessions that end.
It may run while gateways use the store. What it revokes is ended at the broker by a gateway: at once, or when the next
one starts. Results are on stdout, everything else on stderr.

Exit codes
  0  done
  1  a setting is wrong, or the store cannot be used
  2  the command cannot be read
  3  done in part: a session is not in the store, cannot be read, or needs an older key
`;

/** The words of a command, read. */
interface Asked {
  readonly action: (sessions: OpenSessions, output: Output) => Promise<boolean>;
  readonly isJson: boolean;
}

const flags = new Set(['--json', '--show-users']);

/** Reads the words behind `sessions`; null where they are not a command. */
function read(words: readonly string[]): Asked | null {
  const options = words.filter((word) => word.startsWith('--'));
  const given = options.filter((option) => !option.startsWith('--broker='));
  const [broker, ...others] = options.filter((option) => !given.includes(option));
  const brokers = brokerNames.filter((one) => broker === undefined || broker === `--broker=${one}`);
  const [name, ...values] = words.filter((word) => !word.startsWith('--'));
  const isJson = given.includes('--json');
  const showsUsers = given.includes('--show-users');
  if (given.some((option) => !flags.has(option))) return null;
  if (showsUsers && name !== 'list') return null;
  if (broker !== undefined && name !== 'revoke-user') return null;
  if (brokers.length === 0 || others.length > 0) return null;
  const [value = ''] = values;
  switch (name) {
    case 'list':
      return values.length > 0
        ? null
        : { isJson, action: (...about) => listSessions(...about, { isJson, showsUsers }) };
    case 'revoke':
      return values.length === 0
        ? null
        : { isJson, action: (...about) => revokeSessions(...about, values) };
    case 'revoke-user':
      return values.length !== 1
        ? null
        : { isJson, action: (...about) => revokeUser(...about, value, brokers) };
    case 'rotate-keys':
      return values.length > 0 ? null : { isJson, action: rotateKeys };
    default:
      return null;
  }
}

/** Runs the command. @returns the exit code. @throws ConfigError for settings that cannot be used. */
export async function runSessions(words: readonly string[]): Promise<number> {
  if (words.includes('--help') || words.includes('-h')) {
    await createOutput(false).result({}, sessionsHelp.trimEnd());
    return 0;
  }
  const asked = read(words);
  if (asked === null) {
    // What was typed may be a user id, and is not repeated.
    createOutput(false).note(
      'kite-graphql: This is no command of `sessions`; see kite-graphql sessions --help.',
    );
    return 2;
  }
  const output = createOutput(asked.isJson);
  const sessions = await openSessions(readStoreConfig());
  try {
    const isDone = await asked.action(sessions, output);
    return isDone ? 0 : 3;
  } catch (error) {
    if (!(error instanceof KeyringStoreError)) throw error;
    const cause = error.systemCode === null ? '' : `${error.systemCode}: `;
    throw new ConfigError([
      `KEYRING_STORE: ${cause}the store does not answer. What was done stays done.`,
    ]);
  } finally {
    const lost = await sessions.close();
    for (const line of lost) output.note(line.trimEnd());
    if (lost.length > 0) {
      output.note(
        `AUDIT_LOG: the file did not take these events (${lost.length}). Add them to it.`,
      );
    }
  }
}
