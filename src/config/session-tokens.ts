// The file of session tokens: private keys and templates, read at start and again on SIGHUP.
import { statSync } from 'node:fs';
import type { Logger } from 'pino';
import { SessionTokens, SessionTokensError } from '../session-tokens/session-tokens.ts';
import { readJsonFile, TextFileError } from './text-file.ts';
import type { Environment } from './variables.ts';

const variable = 'SESSION_TOKENS_FILE';

/** The session tokens of a file that can be read again. */
export interface SessionTokensFile {
  readonly tokens: SessionTokens;
  /** What may surprise an operator, a line each. */
  readonly notices: readonly string[];
  /**
   * Reads the file again, and logs which keys there are now.
   * @throws TextFileError whose message has a line for each fault; then nothing has changed.
   */
  reload(log: Logger): void;
}

/** The session tokens of SESSION_TOKENS_FILE; null where it is not set or has a fault, which is added to `faults`. */
export function readSessionTokens(
  environment: Environment,
  faults: string[],
): SessionTokensFile | null {
  const { [variable]: file } = environment;
  if (file === undefined || file === '') return null;
  const say = (fault: string) => `${variable}: ${file}: ${fault}.`;
  try {
    const tokens = new SessionTokens(contentOf(file));
    const reload = (log: Logger) => {
      try {
        tokens.replace(contentOf(file));
      } catch (error) {
        throw new TextFileError(faultsIn(error).map(say).join('\n'));
      }
      log.info({ kids: tokens.kids }, 'Session tokens are signed with the first of these keys');
      for (const notice of noticesAbout(file, tokens)) log.warn(notice);
    };
    return { tokens, notices: noticesAbout(file, tokens), reload };
  } catch (error) {
    faults.push(...faultsIn(error).map(say));
    return null;
  }
}

function contentOf(file: string): unknown {
  return readJsonFile(file, '{"keys": [...], "templates": {...}}, as docs/signed-tokens.md shows');
}

function faultsIn(error: unknown): readonly string[] {
  if (error instanceof SessionTokensError) return error.faults;
  if (error instanceof TextFileError) return [error.message];
  throw error;
}

function noticesAbout(file: string, { templates }: SessionTokens): readonly string[] {
  const notices: string[] = [];
  const isReadableByAll = process.platform !== 'win32' && (statSync(file).mode & 0o004) !== 0;
  if (isReadableByAll) {
    notices.push(
      `Every user of this machine can read ${file}, which holds private keys. Change that with: chmod 600 ${file}`,
    );
  }
  if (!templates.has('default')) {
    notices.push(
      `${variable} has no template named default: signedToken and /session need the name of one.`,
    );
  }
  for (const [name, { audience }] of templates) {
    if (audience !== null) continue;
    notices.push(
      `Token template ${name} has no audience: each service that trusts this gateway accepts its tokens.`,
    );
  }
  return notices;
}
