// All that is in the SQLite file, page by page in the order of its keys, and texts that are put in the place of others.
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { DueList, StoredRevocation } from '../revocation-list.ts';
import type { NewText, Page } from '../store.ts';
import type { Connection } from './connection.ts';
import { SqliteFile } from './file.ts';
import type { Moment } from './purge.ts';

const idRow = z.object({ id: z.string() }).transform(({ id }) => id);
const revocationRow = z
  .object({ id: z.string(), sealed: z.string(), due_at: z.number(), expires_at: z.number() })
  .transform(({ id, sealed: encrypted, due_at: dueAt, expires_at: expiresAt }) => {
    return { id, encrypted, dueAt, expiresAt };
  });

/** An open file that can be listed. */
export class ListedSqliteFile extends SqliteFile {
  readonly #statements = new WeakMap<Connection, ReturnType<typeof statementsOf>>();

  /** The ids of keyrings behind a cursor. */
  listKeyrings({ now }: Moment, after: string, count: number): Page<string> {
    const ids = idRow.array().parse(this.#run.keyrings.all(after, now, count));
    return pageOf(ids, ids.at(-1), count);
  }

  /** The names of pointers behind a cursor. */
  listPointers({ now }: Moment, after: string, count: number): Page<string> {
    const names = idRow.array().parse(this.#run.pointers.all(after, now, count));
    return pageOf(names, names.at(-1), count);
  }

  /** What is in a list behind a cursor. */
  listDue({ now }: Moment, list: DueList, after: string, count: number): Page<StoredRevocation> {
    const found = revocationRow.array().parse(this.#run[list].all(after, now, count));
    return pageOf(found, found.at(-1)?.id, count);
  }

  /** Renames a pointer and changes its target; false where it is gone or leads elsewhere. */
  replacePointer({ now }: Moment, name: string, target: string, next: NewText): boolean {
    const { changes } = this.#run.replacePointer.run(next.name, next.encrypted, name, target, now);
    return changes === 1;
  }

  /** Changes the text of an entry of a list; false where it is gone or has another one. */
  replaceDue({ now }: Moment, list: DueList, id: string, encrypted: string, next: string): boolean {
    return this.#run.replaceDue[list].run(next, id, encrypted, now).changes === 1;
  }

  get #run() {
    const connection = this.connection;
    const known = this.#statements.get(connection) ?? statementsOf(connection.database);
    this.#statements.set(connection, known);
    return known;
  }
}

/** The methods of the file that can be called from the other thread; each takes the moment first. */
export type SqliteOperations = Omit<
  ListedSqliteFile,
  'transaction' | 'purge' | 'close' | 'connection'
>;

/** The methods that only read. */
export const readOperations: ReadonlySet<string> = new Set<keyof SqliteOperations>([
  'findPointer',
  'checkPointer',
  'openKeyring',
  'readRecord',
  'hasDue',
  'findPlaces',
  'listOldKeyrings',
  'readOldKeyring',
  'listKeyrings',
  'listPointers',
  'listDue',
]);

function statementsOf(database: DatabaseSync) {
  const list = (columns: string, table: string, key: string) =>
    database.prepare(
      `SELECT ${columns} FROM ${table} WHERE ${key} > ? AND expires_at > ? ORDER BY ${key} LIMIT ?`,
    );
  const replaceText = (table: string) =>
    database.prepare(
      `UPDATE ${table} SET sealed = ? WHERE id = ? AND sealed = ? AND expires_at > ?`,
    );
  return {
    keyrings: list('id', 'keyrings_2', 'id'),
    pointers: list('name AS id', 'pointers_2', 'name'),
    revocations: list('id, sealed, due_at, expires_at', 'revocations_2', 'id'),
    deliveries: list('id, sealed, due_at, expires_at', 'deliveries_2', 'id'),
    replacePointer: database.prepare(
      'UPDATE pointers_2 SET name = ?, target = ? WHERE name = ? AND target = ? AND expires_at > ?',
    ),
    replaceDue: {
      revocations: replaceText('revocations_2'),
      deliveries: replaceText('deliveries_2'),
    },
  };
}

function pageOf<Item>(items: readonly Item[], last: string | undefined, count: number): Page<Item> {
  return { items, next: items.length < count ? null : (last ?? null) };
}
