// Keyrings in the layout of earlier versions, where names were plain hashes and pointers named their keyring openly.
import { newId, pointerNames, rowKeys } from './names.ts';
import { recordBinding } from './sealed-records.ts';
import type { Binding, Sealer } from './sealer.ts';
import { parseRecord, recordJson } from './session-record.ts';
import type { StoredPointer } from './store.ts';

/** A keyring in the old layout, with every pointer that leads to it. */
export interface OldKeyring {
  readonly id: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revision: number;
  readonly pointers: readonly OldPointer[];
  readonly records: readonly ConvertedRecord[];
}

/** A pointer in the old layout: its name is the SHA-256 of a cookie. */
export interface OldPointer {
  readonly hash: string;
  readonly expiresAt: number;
  readonly retired: boolean;
}

/** A row of a keyring, with nothing that depends on where it is stored. */
export interface ConvertedRecord {
  readonly key: string;
  readonly sealed: string;
  readonly expiresAt: number | null;
}

/** A keyring in the layout of today. Its pointers stand in the order of the old ones. */
export interface ConvertedKeyring {
  readonly id: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly pointers: readonly StoredPointer[];
  readonly records: readonly ConvertedRecord[];
}

/** Converts a keyring; null where none of its rows opens with our keys, so that it is left as it is. */
export type ConvertKeyring = (old: OldKeyring) => Promise<ConvertedKeyring | null>;

/** What the target of a pointer is bound to. */
export function pointerBinding(name: string): Binding {
  return ['pointer', name];
}

/**
 * A conversion under the keys of `sealer`. A converted keyring has a new id, and nothing of today's layout opens in
 * the old one: rows that are put into the old layout later, without a key, lead to no session.
 */
export function createConversion(sealer: Sealer): ConvertKeyring {
  return async ({ id: oldId, createdAt, expiresAt, pointers, records }) => {
    const id = newId();
    const convertRecord = async (row: ConvertedRecord): Promise<ConvertedRecord | null> => {
      const opened = await sealer.open(['record', oldId, row.key], row.sealed);
      const record = opened.ok ? parseRecord(row.key, opened.value) : null;
      if (record === null) return null;
      const [key] = rowKeys(sealer, id, record.apiKey, record.userId ?? `unknown ${newId()}`);
      const sealed = await sealer.seal(recordBinding(id, key), recordJson({ ...record, key }));
      return { key, sealed, expiresAt: row.expiresAt };
    };
    const convertPointer = async ({ hash, ...times }: OldPointer): Promise<StoredPointer> => {
      const [name] = pointerNames(sealer, hash);
      return { ...times, name, target: await sealer.seal(pointerBinding(name), id) };
    };
    const converted = (await Promise.all(records.map(convertRecord))).filter((row) => row !== null);
    if (records.length > 0 && converted.length === 0) return null;
    return {
      id,
      createdAt,
      expiresAt,
      pointers: await Promise.all(pointers.map(convertPointer)),
      records: converted,
    };
  };
}
