// Opens the SQLite file, and tells whether it is still the same.
import { chmodSync, closeSync, existsSync, lstatSync, openSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { purgeOf } from './purge.ts';
import { revocationsOf } from './revocations.ts';
import { schema, statementsOf } from './schema.ts';
import { usersOf } from './users.ts';

const ownerOnly = 0o600;

/** An open file with its statements. */
export interface Connection {
  readonly database: DatabaseSync;
  readonly run: ReturnType<typeof statementsOf>;
  readonly revocations: ReturnType<typeof revocationsOf>;
  readonly deliveries: ReturnType<typeof revocationsOf>;
  readonly users: ReturnType<typeof usersOf>;
  readonly purge: ReturnType<typeof purgeOf>;
  /** Which file it is; see {@link identify}. */
  readonly identity: string;
}

/** Opens the file, creates what is missing. @throws an error of SQLite or of the file system. */
export function connect(path: string): Connection {
  const database = openDatabase(path);
  return {
    database,
    run: statementsOf(database),
    revocations: revocationsOf(database, 'revocations'),
    deliveries: revocationsOf(database, 'deliveries'),
    users: usersOf(database),
    purge: purgeOf(database),
    identity: identify(path),
  };
}

function openDatabase(path: string): DatabaseSync {
  // SQLite would create it readable by all; its -wal and -shm take over the mode of the file itself. A file that is there
  // is not opened here: closing it would take the locks from this process's other connections to it.
  if (!existsSync(path)) closeSync(openSync(path, 'a', ownerOnly));
  // The target of a symbolic link keeps its mode.
  if (!lstatSync(path).isSymbolicLink()) chmodSync(path, ownerOnly);
  const database = new DatabaseSync(path);
  try {
    database.exec(schema);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Which file is at this path now. */
export function identify(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? 'none' : `${stats.dev}:${stats.ino}`;
}
