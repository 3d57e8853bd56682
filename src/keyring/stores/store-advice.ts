// What an operator can do about a store that cannot be opened, by the code of the cause.
import type { KeyringStoreError } from './store.ts';

const unreachable = 'Redis cannot be reached. Is the server up, and are host and port right?';

const unopened = 'the file cannot be opened. Is its folder there and writable?';

const advice: Partial<Record<string, string>> = {
  WRONGPASS: 'Redis refuses the user name or the password in the address.',
  NOAUTH: 'Redis asks for a password, and the address has none.',
  NOPERM: 'Redis does not let this user run the commands that the gateway needs.',
  ECONNREFUSED: unreachable,
  ECONNRESET: unreachable,
  ENOTFOUND: unreachable,
  EAI_AGAIN: unreachable,
  ETIMEDOUT: unreachable,
  ENOENT: unopened,
  EACCES: unopened,
  EPERM: unopened,
  EROFS: unopened,
  EISDIR: 'this is a folder, and a file is needed.',
  SQLITE_CANTOPEN: unopened,
  SQLITE_READONLY: 'this user may not write to the file.',
  SQLITE_NOTADB: 'the file is not an SQLite database.',
  SQLITE_CORRUPT: 'the file is damaged.',
  SQLITE_FULL: 'the disk is full.',
};

/** A sentence that names the cause and what to do; it holds no address. */
export function adviceFor({ systemCode }: KeyringStoreError): string {
  const known = systemCode === null ? undefined : advice[systemCode];
  const sentence =
    known ??
    'the store cannot be opened. Is the server up, or the folder of the file there and writable?';
  return systemCode === null ? sentence : `${systemCode}: ${sentence}`;
}
