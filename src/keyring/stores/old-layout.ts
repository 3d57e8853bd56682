// Keyrings in the layout of earlier versions, where names were plain hashes and pointers named their keyring openly.
import { newId, pointerNames, rowKeys } from '../crypto/names.ts';
import { recordBinding } from '../crypto/sealed-records.ts';
import type { Binding, Sealer } from '../crypto/sealer.ts';
import { parseRecord, recordJson } from '../session-record.ts';
import type { ConvertedRecord, ConvertKeyring, OldPointer, StoredPointer } from './store.ts';

/** What the target of a pointer is bound to. */
export function pointerBinding(name: string): Binding {
  return ['pointer', name];
}

/**
 * A conversion under the keys of `sealer`. A converted keyring has a new id, and nothing of today's layout opens in
 * the old one: rows that are put into the old layout later, without a key, lead to no session.
 */
export function createConversion(sealer: Sealer): ConvertKeyring {
  return ({ id: oldId, createdAt, expiresAt, pointers, records }) => {
    const id = newId();
    const convertRecord = (row: ConvertedRecord): ConvertedRecord | null => {
      const opened = sealer.open(['record', oldId, row.key], row.sealed);
      const record = opened.ok ? parseRecord(row.key, opened.value) : null;
      if (record === null) return null;
      const [key] = rowKeys(sealer, id, record.apiKey, record.userId ?? `unknown ${newId()}`);
      const sealed = sealer.seal(recordBinding(id, key), recordJson({ ...record, key }));
      return { key, sealed, expiresAt: row.expiresAt };
    };
    const convertPointer = ({ hash, ...times }: OldPointer): StoredPointer => {
      const [name] = pointerNames(sealer, hash);
      return { ...times, name, target: sealer.seal(pointerBinding(name), id) };
    };
    const converted = records.map(convertRecord).filter((row) => row !== null);
    if (records.length > 0 && converted.length === 0) return null;
    return {
      id,
      createdAt,
      expiresAt,
      pointers: pointers.map(convertPointer),
      records: converted,
    };
  };
}
